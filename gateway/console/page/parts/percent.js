/** Percent-encoded texts of addresses, which anybody may have written or cut off. */

/**
 * Decodes a text; returns it as it is if it can't be decoded, such as `100%`.
 *
 * @param {string} text
 */
export function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
