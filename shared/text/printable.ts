/** Escapes what a text from elsewhere would do, rather than print, in a log or a terminal. */

/**
 * Characters that do more than print: control characters (among them line breaks and the start of ANSI
 * sequences), Unicode's line breaks, and marks that change the direction of text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Returns a text on one line, whose unsafe characters are written as `\uXXXX`. */
export function printable(text: string): string {
  return escapeUnsafe(text, {})
}

/** Does the same, but writes some of these characters as `short` says. */
export function escapeUnsafe(text: string, short: Readonly<Record<string, string>>): string {
  return text.replace(unsafe, char => short[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
