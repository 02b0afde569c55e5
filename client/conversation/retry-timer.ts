/**
 * The timer of the next attempt to connect. The wait is that of the back-off, unless the game or the gateway
 * has asked for another one. Owned by the Conversation.
 */
import type { BackOff } from './back-off.js'

/** Upper bound in milliseconds of the wait that the gateway may ask the client for. */
const longestHint = 60_000

export class RetryTimer {
  readonly #backOff: BackOff
  readonly #start: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The wait that was asked for, in milliseconds. */
  #asked: number | undefined

  /** `start`: begins the attempt. */
  constructor(backOff: BackOff, start: () => void) {
    this.#backOff = backOff
    this.#start = start
  }

  /** Sets the next wait, as the game asks. */
  ask(ms: number): void {
    this.#asked = ms
  }

  /** Sets the next wait, as the gateway asks; undefined: it does not. What the game asks comes first. */
  hint(ms: number | undefined): void {
    if (ms !== undefined) this.#asked ??= Math.min(ms, longestHint)
  }

  schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#start, this.#asked ?? this.#backOff.next())
    this.#asked = undefined
  }

  /** Cancels the scheduled attempt. */
  cancel(): void {
    clearTimeout(this.#timer)
  }

  /** Cancels the scheduled attempt, and forgets what was asked. */
  reset(): void {
    this.cancel()
    this.#asked = undefined
  }

  succeeded(): void {
    this.#backOff.succeeded()
  }
}
