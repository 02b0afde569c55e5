/** A token bucket: so much a second on average, and a burst of as much as comes in two seconds. */

/** Seconds' worth that a bucket holds. */
export const burstSeconds = 2

/**
 * Seconds' worth of what was refused that are forgotten in a second. It has cost the gateway most of what it
 * would have if it had been let in. So who sends more than 1.25 times as much as they may is known by it in
 * the end.
 */
const forgiven = 0.25

export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  /** Seconds' worth that was refused, less what was forgotten since. */
  #refused = 0
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond * burstSeconds
    this.#at = now
  }

  /** Takes so much. Gives 0, or, if it is refused, the milliseconds until there would be enough. */
  spend(amount: number, now: number): number {
    const seconds = (now - this.#at) / 1000
    this.#at = now
    const most = this.#perSecond * burstSeconds
    this.#tokens = Math.min(most, this.#tokens + seconds * this.#perSecond)
    this.#refused = Math.max(0, this.#refused - seconds * forgiven)
    // What is more than a bucket holds passes where it is full: it would never pass else.
    if (this.#tokens >= Math.min(amount, most)) {
      this.#tokens -= amount
      return 0
    }
    this.#refused += amount / this.#perSecond
    return Math.ceil(((Math.min(amount, most) - this.#tokens) / this.#perSecond) * 1000)
  }

  /** How far somebody goes on who is refused: seconds' worth. */
  get insistence(): number {
    return this.#refused
  }
}
