/** Random texts of pieces that are special to printing, cutting or parsing. */

/**
 * Controls, line breaks, marks of direction, halves of surrogate pairs, characters of 1 to 4 bytes, and
 * forged lines.
 */
const pieces = [
  '\0',
  '\t',
  '\n',
  '\r\n',
  '\v',
  '\x1b[31m',
  '\x1b]0;title\x07',
  '\x7f',
  '\x85',
  '\x9b2J',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\ud83d',
  '\ude00',
  '😀',
  'ä',
  '€',
  '"',
  '\\',
  '=',
  ' ',
  'a',
  'word',
  ' sid=7 ',
  '\n    at forge (file.js:1:1)',
  '\n1970-01-01T00:00:00.000Z ERROR forged',
  '\r1970-01-01T00:00:00.000Z ERROR forged'
] as const

/** Returns a text of at most `longest` UTF-16 units. Some texts repeat a single piece. */
export function randomText(random: () => number, longest: number): string {
  const length = Math.floor(random() * random() * (longest + 1))
  const pick = () =>
    random() < 0.1
      ? String.fromCharCode(Math.floor(random() * 65_536))
      : pieces[Math.floor(random() * pieces.length)]!
  const one = random() < 0.2 ? pick() : undefined
  let text = ''
  while (text.length < length) text += one ?? pick()
  return text.slice(0, length)
}
