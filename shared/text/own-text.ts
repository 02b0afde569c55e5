/**
 * Texts that are parts of longer ones. V8 stores a long part as a reference to the whole, which so stays in
 * memory for as long as the part does.
 */

/** Number of characters from which a part is a reference. A shorter one is a copy. */
const leastReference = 13

/** Returns the same text, which does not keep in memory what it is a part of. */
export function ownText(text: string): string {
  // A part of a new text that is one character longer.
  return text.length < leastReference ? text : ` ${text}`.slice(1)
}
