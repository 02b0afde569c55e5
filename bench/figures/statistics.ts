/** Statistics for a handful of rounds: median, spread, confidence interval. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Greatest value less the least, as a share of the median. */
export function spreadOf(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Confidence of an interval, if there are enough values. */
const confidence = 0.9

/**
 * Returns a confidence interval of the median, for any distribution: from the k-th least value to the k-th
 * greatest, for the greatest k that reaches the confidence. With few values, from the least to the greatest.
 */
export function intervalOf(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b)
  const count = sorted.length
  // The probability that exactly `cut` values are less than the median, and that this many or fewer are.
  let chance = 0.5 ** count
  let below = chance
  let cut = 0
  for (;;) {
    chance = (chance * (count - cut)) / (cut + 1)
    below += chance
    if (1 - 2 * below < confidence || cut + 1 >= count / 2) break
    cut++
  }
  return { low: sorted[cut]!, high: sorted[count - 1 - cut]! }
}
