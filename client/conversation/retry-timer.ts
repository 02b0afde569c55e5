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

  /** Sets the wait until the next attempt, as the game asks. */
  ask(ms: number): void {
    this.#asked = ms
  }

  /**
   * Schedules the next attempt. `hint`: the wait that the gateway asks for; what the game asks for comes
   * first.
   */
  schedule(hint?: number): void {
    this.#wait(() => (hint === undefined ? this.#backOff.next() : Math.min(hint, longestHint)))
  }

  /**
   * Schedules the next attempt after a refusal. `least`: the wait that the server asks of all that it
   * refuses. That of the back-off is added, since it is random: else all would come back at once.
   */
  scheduleBehind(least: number): void {
    this.#wait(() => Math.min(least, longestHint) + this.#backOff.next())
  }

  #wait(ms: () => number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#start, this.#asked ?? ms())
  }

  /** Cancels the scheduled attempt, and forgets what was asked: an attempt begins, or none is to. */
  cancel(): void {
    clearTimeout(this.#timer)
    this.#asked = undefined
  }

  succeeded(): void {
    this.#backOff.succeeded()
  }
}
