/**
 * The size of a batch, learned from how long earlier batches took. A batch aims at about a millisecond of
 * work, within fixed bounds, so that a worker soon looks for other work again.
 */

/** Number of requests in a batch, at most. */
const mostRequests = 64
/** Bytes of bodies and settings in a batch. The request that passes this bound is the last one. */
export const batchBytes = 256 * 1024
/** Microseconds that a batch should take. */
const aimedMicros = 1_000
/** Microseconds of work for which it does not pay to wake a second worker. */
const littleMicros = 300
/**
 * Microseconds that one batch can teach as the cost of a request, at most. A batch during which the worker
 * stood still says little about the next one.
 */
const mostMicros = 1_000_000
/** Weight of the newest batch in the mean. */
const weight = 1 / 8

export class BatchSize {
  /**
   * Moving mean of what a request costs, in microseconds. It begins high, so that the first batches are
   * small.
   */
  #meanMicros = 100

  /** Learns from a batch of `requests` that took `micros`. */
  learn(requests: number, micros: number): void {
    if (requests > 0)
      this.#meanMicros += (Math.min(mostMicros, micros / requests) - this.#meanMicros) * weight
  }

  /** Number of requests that a batch may hold now. */
  get requests(): number {
    return Math.max(1, Math.min(mostRequests, Math.floor(aimedMicros / this.#meanMicros)))
  }

  /**
   * Returns how many of the waiting lanes one of the workers takes: its share, or all if that is little work.
   */
  shareOf(lanes: number, workers: number): number {
    return lanes * this.#meanMicros < littleMicros ? lanes : Math.ceil(lanes / Math.max(1, workers))
  }
}
