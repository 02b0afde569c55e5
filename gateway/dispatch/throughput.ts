/**
 * How fast workers start requests while somebody waits for them: it tells how long those who wait now will have to. While nobody
 * waits nothing can be learned, since then no more are started than come. The first window is not gone by: workers that have
 * just come up, or had nothing to do, are slower in it than they will be.
 */

/** Requests that must have been started in a window: fewer say little. */
const windowRequests = 8

/** The share of the limit that a window lasts: what is known of two is known in time, and a short hitch is no trend. */
const windowShare = 1 / 16

interface Window {
  readonly since: number
  started: number
}

export class Throughput {
  readonly #windowMs: number
  /** The present window and the one before it, if that is gone by. */
  #present: Window = { since: 0, started: 0 }
  #before: Window | undefined
  #isFirst = true

  /** `limit`: the wait, in milliseconds, that it is to be told from. */
  constructor(limit: number) {
    this.#windowMs = limit * windowShare
  }

  /** Somebody waits, and nobody did before. Times are milliseconds since 1970. */
  begin(now: number): void {
    this.#before = undefined
    this.#present = { since: now, started: 0 }
    this.#isFirst = true
  }

  /** So many requests were handed out. */
  count(started: number, now: number): void {
    this.#present.started += started
    if (this.#present.started < windowRequests || now - this.#present.since < this.#windowMs) return
    this.#before = this.#isFirst ? undefined : this.#present
    this.#isFirst = false
    this.#present = { since: now, started: 0 }
  }

  /** Milliseconds until so many requests are started; 0: too little is known. */
  timeOf(requests: number, now: number): number {
    const before = this.#before
    if (before === undefined) return 0
    return (requests * (now - before.since)) / (before.started + this.#present.started)
  }
}
