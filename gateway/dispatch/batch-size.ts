/**
 * The size of a batch, learned from the duration of earlier batches. A batch aims at about a millisecond of
 * work, within fixed bounds, so that a worker is soon ready for other work.
 */

/**
 * Number of requests in a batch, at most. Each batch costs gateway and worker a few messages, whatever its
 * size. With 256 the two wait for each other more than they save (measured with 50 sockets, 16 in flight).
 */
const mostRequests = 128
/** Bytes of bodies and settings in a batch. The turn that passes this bound is the last in its batch. */
export const batchBytes = 256 * 1024
/** Microseconds that a batch should take. */
const aimedMicros = 1_000
/** Microseconds of work below which waking a second worker does not pay. */
const littleMicros = 300
/**
 * Upper bound, in microseconds, for the cost of a request that one batch adds to the mean. A batch during
 * which the worker stood still says little about the next one.
 */
const mostMicros = 1_000_000
/** Weight of the newest batch in the mean. */
const weight = 1 / 8

export class BatchSize {
  /**
   * Moving mean of the cost of a request, in microseconds. It begins high, so that the first batches are
   * small.
   */
  #meanMicros = 100

  /** Learns from a batch of `requests` requests that took `micros` microseconds. */
  learn(requests: number, micros: number): void {
    if (requests > 0)
      this.#meanMicros += (Math.min(mostMicros, micros / requests) - this.#meanMicros) * weight
  }

  /** Number of requests that a batch may hold now. */
  get requests(): number {
    return Math.max(1, Math.min(mostRequests, Math.floor(aimedMicros / this.#meanMicros)))
  }

  /**
   * Returns how many of the waiting lanes one worker takes: an equal share, or all of them if they are little
   * work.
   */
  shareOf(lanes: number, workers: number): number {
    return lanes * this.#meanMicros < littleMicros ? lanes : Math.ceil(lanes / Math.max(1, workers))
  }
}
