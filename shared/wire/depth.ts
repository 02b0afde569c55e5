/**
 * How deep a text of JSON is nested, without parsing it: what is too deep for whoever walks through the value is refused before
 * there is one.
 */

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Whether a text of JSON has arrays and objects in each other more than so many levels deep. What is no JSON may be either. */
export function isDeeper(text: string, depth: number): boolean {
  // Each level takes a bracket that opens and one that closes it.
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

/** Where the string that begins at `start` ends, or the text. */
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
