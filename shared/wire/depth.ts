/**
 * Measures how deep a JSON text is nested, without parsing it.
 * Values too deep for recursive code are thus refused before they are built.
 */

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Whether arrays and objects in a JSON text are nested deeper than `depth`. For invalid JSON either answer is
 * possible.
 */
export function isDeeper(text: string, depth: number): boolean {
  // Each level takes an opening and a closing bracket.
  if (text.length < (depth + 1) * 2) return false
  let level = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === quote) i = findStringEnd(text, i)
    else if (character === openBracket || character === openBrace) {
      if (++level > depth) return true
    } else if (character === closeBracket || character === closeBrace) level--
  }
  return false
}

/** Returns the offset where the string that begins at `start` ends, or the end of the text. */
function findStringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
  return slashes % 2 === 1
}
