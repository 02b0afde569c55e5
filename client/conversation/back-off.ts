/**
 * The wait of a client before it reconnects. It is random below a bound that doubles with each failure, so
 * that the clients of a restarted gateway do not all return at once.
 */
import type { BackOffOptions } from '../base/options.js'

export class BackOff {
  readonly #options: Required<BackOffOptions>
  readonly #random: () => number
  #failures = 0

  constructor(options: Required<BackOffOptions>, random: () => number) {
    this.#options = options
    this.#random = random
  }

  /** Returns the milliseconds to wait before the next attempt, and doubles the bound. */
  next(): number {
    const { least, most } = this.#options
    const bound = Math.min(most, least * 2 ** this.#failures)
    this.#failures++
    return Math.floor(this.#random() * bound)
  }

  succeeded(): void {
    this.#failures = 0
  }
}
