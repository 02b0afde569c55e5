/**
 * How fast workers start requests while somebody waits for them: it tells how long those who wait now will have to. While nobody
 * waits nothing can be learned, since then no more are started than come.
 */

/** Milliseconds of a window, and requests that must have been started in it: fewer say little. */
const windowMs = 100
const windowRequests = 8

interface Window {
  readonly since: number
  started: number
}

export class Throughput {
  /** The present window and the one before it. */
  #present: Window = { since: 0, started: 0 }
  #before: Window | undefined

  /** Somebody waits, and nobody did before. Times are milliseconds since 1970. */
  begin(now: number): void {
    this.#before = undefined
    this.#present = { since: now, started: 0 }
  }

  /** So many requests were handed out. */
  count(started: number, now: number): void {
    this.#present.started += started
    if (this.#present.started < windowRequests || now - this.#present.since < windowMs) return
    this.#before = this.#present
    this.#present = { since: now, started: 0 }
  }

  /** Milliseconds until so many requests are started; 0: too little is known. */
  timeOf(requests: number, now: number): number {
    const { since } = this.#before ?? this.#present
    const started = this.#present.started + (this.#before?.started ?? 0)
    return started < windowRequests ? 0 : (requests * (now - since)) / started
  }
}
