/**
 * A histogram: how many values are in each range, as plain numbers.
 *
 * Counting is in the path of each request, so that it costs a few comparisons and nothing is allocated.
 */

/** Upper bounds of durations in seconds. */
export const durationBounds: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
]

/** Upper bounds of the number of requests in a batch. */
export const sizeBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

export class Histogram {
  /** The upper bounds of the ranges, inclusive and ascending. */
  readonly bounds: readonly number[]
  /** The number of values in each range; the last one is of the values above all bounds. */
  readonly counts: number[]
  /** The sum of all values. */
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(value: number): void {
    const { bounds, counts } = this
    let range = 0
    while (range < bounds.length && value > bounds[range]!) range++
    counts[range]!++
    this.sum += value
  }

  /** The number of all values. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }
}
