/**
 * Measures how fast workers start requests while requests wait. From this it estimates how long new requests
 * will wait. Without waiting requests there is nothing to learn, since no more are started than arrive. The
 * first window is ignored: workers that have just started, or were idle, are slower in it than later.
 */

/** Number of requests that must have started in a window. Fewer say little. */
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
  /** The present window, and the one before if it counts. */
  #present: Window = { since: 0, started: 0 }
  #before: Window | undefined
  #isFirst = true

  /** `limit`: the wait in milliseconds that is to be recognized. */
  constructor(limit: number) {
    this.#windowMs = limit * windowShare
  }

  /** Begins to measure, because the first request waits. `now`, here and below: milliseconds of one clock. */
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

  /** Returns the estimated milliseconds until that many requests are started; 0: too little is known. */
  timeOf(requests: number, now: number): number {
    const before = this.#before
    if (before === undefined) return 0
    return (requests * (now - before.since)) / (before.started + this.#present.started)
  }
}
