/** A token bucket: a rate per second on average, with a burst of two seconds' worth. */

/** Capacity of a bucket, in seconds' worth of its rate. */
export const burstSeconds = 2

/**
 * Rate at which refused amounts are forgiven, in seconds' worth per second. Refused amounts are counted
 * because a refusal costs the gateway nearly as much work as a request. In the end, the count reveals a
 * client that keeps sending more than 1.25 times its rate.
 */
const forgiven = 0.25

export class TokenBucket {
  readonly perSecond: number
  #tokens: number
  /** The refused amounts in seconds' worth of the rate, less the part that was forgiven since. */
  #refused = 0
  #at: number

  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond
    this.#tokens = perSecond * burstSeconds
    this.#at = now
  }

  /**
   * Spends tokens, and returns 0. If there are too few, spends none, and returns the milliseconds until there
   * are enough.
   */
  spend(amount: number, now: number): number {
    const seconds = (now - this.#at) / 1000
    this.#at = now
    const most = this.perSecond * burstSeconds
    this.#tokens = Math.min(most, this.#tokens + seconds * this.perSecond)
    this.#refused = Math.max(0, this.#refused - seconds * forgiven)
    // An amount larger than the bucket passes when the bucket is full; otherwise it could never pass.
    if (this.#tokens >= Math.min(amount, most)) {
      this.#tokens -= amount
      return 0
    }
    this.#refused += amount / this.perSecond
    return Math.ceil(((Math.min(amount, most) - this.#tokens) / this.perSecond) * 1000)
  }

  /** Measures how much a refused client keeps sending, in seconds' worth of the rate. */
  get insistence(): number {
    return this.#refused
  }
}
