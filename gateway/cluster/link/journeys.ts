/**
 * The journeys of a link's messages, by which the age of an operation is estimated.
 * Two gateways have no common clock. But a journey, measured by both clocks, differs from the quickest one of
 * the link by the time that a message was late.
 */

/** Milliseconds after which the quickest journey is measured anew. */
const measuredFor = 30_000

/** Milliseconds by which two clocks may drift apart in each millisecond. */
const drift = 1e-4

export class Journeys {
  /** The quickest journey of the last span of time, and of this one. */
  #before = Number.POSITIVE_INFINITY
  #quickest = Number.POSITIVE_INFINITY
  #since = 0

  /** Notes a message, and returns how many milliseconds it was later than the quickest. */
  note(sentAt: number, now: number): number {
    const journey = now - sentAt
    if (now - this.#since >= measuredFor) {
      // After a silence, the clocks may have drifted for all of it.
      this.#before = this.#known(now)
      this.#quickest = journey
      this.#since = now
    } else if (journey < this.#quickest) this.#quickest = journey
    return Math.max(0, journey - this.#known(now))
  }

  #known(now: number): number {
    return Math.min(this.#quickest, this.#before + (now - this.#since) * drift)
  }
}
