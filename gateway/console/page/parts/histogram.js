/** Percentiles of the times between two answers of the gateway, from its histograms. */

/** @import { Histogram } from '../../api/console-api.js' */

/**
 * Returns the times that were counted between two answers. The earlier one may be missing, or come from before
 * a restart of the gateway: then all of the later one counts.
 *
 * @param {Histogram} later
 * @param {Histogram | undefined} earlier
 * @returns {Histogram}
 */
export function subtract(later, earlier) {
  if (earlier === undefined || earlier.count > later.count || earlier.counts.length !== later.counts.length)
    return later
  return {
    bounds: later.bounds,
    counts: later.counts.map((count, index) => count - /** @type {number} */ (earlier.counts[index])),
    sum: later.sum - earlier.sum,
    count: later.count - earlier.count
  }
}

/**
 * Returns the time in seconds within which the share `p` of all were done, read between the bounds of its
 * bucket as on a straight line; null if there were none. What lies above all bounds counts as the last bound.
 *
 * @param {Histogram} histogram
 * @param {number} p from 0 to 1
 * @returns {number | null}
 */
export function percentile({ bounds, counts, count }, p) {
  if (count <= 0) return null
  const wanted = count * p
  let below = 0
  for (const [index, inBucket] of counts.entries()) {
    if (inBucket > 0 && below + inBucket >= wanted) {
      const from = index === 0 ? 0 : /** @type {number} */ (bounds[index - 1])
      const to = bounds[index] ?? from
      return Math.min(to, from + (to - from) * Math.max(0, (wanted - below) / inBucket))
    }
    below += inBucket
  }
  return bounds.at(-1) ?? null
}
