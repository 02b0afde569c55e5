/** A token bucket: so much a second on average, and a burst of as much as comes in two seconds. */

/** Seconds' worth that a bucket holds. */
export const burstSeconds = 2

export class Rate {
  readonly #perSecond: number
  #tokens: number
  readonly #forgiven: number
  /** Seconds' worth that was refused, less what was forgiven since. */
  #refused = 0
  #at: number

  /** `forgiven`: seconds' worth of what was refused that are forgotten in a second. */
  constructor(perSecond: number, now: number, forgiven = 1) {
    this.#perSecond = perSecond
    this.#forgiven = forgiven
    this.#tokens = perSecond * burstSeconds
    this.#at = now
  }

  /** Takes so much. Gives 0, or, if it is refused, the milliseconds until there would be enough. */
  take(amount: number, now: number): number {
    const seconds = (now - this.#at) / 1000
    this.#at = now
    const most = this.#perSecond * burstSeconds
    this.#tokens = Math.min(most, this.#tokens + seconds * this.#perSecond)
    this.#refused = Math.max(0, this.#refused - seconds * this.#forgiven)
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
