/**
 * Measures how fast workers start requests while requests wait. From this it estimates how long new requests
 * will wait. Without waiting requests there is nothing to measure, since workers start only as many as
 * arrive. The first window is ignored, because workers that have just started, or were idle, are slower at
 * first.
 */

/** Minimum number of requests that start in a window. Fewer say little. */
const windowRequests = 8

/**
 * Length of a window as a share of the limit. Two windows are over well before the limit, and a short hitch
 * does not look like a trend.
 */
const windowShare = 1 / 16

interface Window {
  readonly since: number
  started: number
}

export class Throughput {
  readonly #windowMs: number
  /** The present window, and the previous one unless that is ignored. */
  #present: Window = { since: 0, started: 0 }
  #before: Window | undefined
  #isFirst = true

  /** Prepares to recognize waits of more than `limit` milliseconds. */
  constructor(limit: number) {
    this.#windowMs = limit * windowShare
  }

  /**
   * Begins to measure when a first request waits. All methods take `now` in milliseconds of the same clock.
   */
  begin(now: number): void {
    this.#before = undefined
    this.#present = { since: now, started: 0 }
    this.#isFirst = true
  }

  /** Counts requests that were handed out. */
  count(started: number, now: number): void {
    this.#present.started += started
    if (this.#present.started < windowRequests || now - this.#present.since < this.#windowMs) return
    this.#before = this.#isFirst ? undefined : this.#present
    this.#isFirst = false
    this.#present = { since: now, started: 0 }
  }

  /**
   * Returns the estimated milliseconds until that number of requests is started; 0 if too little is known.
   */
  timeOf(requests: number, now: number): number {
    const before = this.#before
    if (before === undefined) return 0
    return (requests * (now - before.since)) / (before.started + this.#present.started)
  }
}
