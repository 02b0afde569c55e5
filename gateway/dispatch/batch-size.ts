/**
 * How much work one batch should hold, learned from how long batches have taken: about a millisecond of it, within
 * fixed bounds, so that a worker is never far from its next look at what else there is.
 */

/** Requests in a batch, at most. */
const mostRequests = 64
/** Bytes of bodies and settings in a batch; the request that passes the bound is the last. */
export const batchBytes = 256 * 1024
/** Microseconds that a batch should take. */
const aimedMicros = 1_000
/** Microseconds of work that are not worth waking a second worker for. */
const littleMicros = 300
/** Microseconds that a request costs, at most, by what is learned of one batch: a worker that stood still says little of the next. */
const mostMicros = 1_000_000
/** The share of the newest batch in the mean. */
const weight = 1 / 8

export class BatchSize {
  /** What a request costs a worker, in microseconds: a moving mean. Begins high, so that first batches are small. */
  #meanMicros = 100

  /** A batch has taken so long for so many requests. */
  learn(requests: number, micros: number): void {
    if (requests > 0)
      this.#meanMicros += (Math.min(mostMicros, micros / requests) - this.#meanMicros) * weight
  }

  /** Requests that a batch may hold now. */
  get requests(): number {
    return Math.max(1, Math.min(mostRequests, Math.floor(aimedMicros / this.#meanMicros)))
  }

  /** How many of the lanes that wait one of so many workers takes: its part of them; all, if they are soon done. */
  shareOf(lanes: number, workers: number): number {
    return lanes * this.#meanMicros < littleMicros ? lanes : Math.ceil(lanes / Math.max(1, workers))
  }
}
