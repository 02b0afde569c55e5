/**
 * The words that tell a client when to come back: the reason of a close with `tryAgainLater`, and of the kick
 * before it. Our client reads the number.
 */

/** Milliseconds over which those are spread who are sent away at one moment. */
const longestSpread = 5_000

/** `least`: milliseconds before which nobody needs to come. */
export function comeBackReason(least = 0): string {
  return `come back in ${Math.ceil(least + Math.random() * longestSpread)} ms`
}
