/**
 * Whether both sides are still there: the gateway is asked for a sign of life at each interval, which is one to it, and when
 * it does not answer in time the connection counts as lost. A machine that slept did not listen, which is not the
 * gateway's silence.
 */

export interface HeartbeatInit {
  /** Milliseconds between two questions. */
  readonly interval: number
  /** Milliseconds that it may take to answer. */
  readonly timeout: number
  readonly monotonic: () => number
  readonly ask: () => void
  readonly onSilent: () => void
}

export class Heartbeat {
  readonly #init: HeartbeatInit
  #timer: ReturnType<typeof setTimeout> | undefined
  #interval = 0
  #isAsking = false
  #dueAt = 0

  constructor(init: HeartbeatInit) {
    this.#init = init
  }

  /** `most`: milliseconds after which the gateway wants to hear something, if it has said so. */
  start(most = Number.POSITIVE_INFINITY): void {
    this.stop()
    this.#interval = Math.min(this.#init.interval, most)
    this.#wait()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Something came. */
  hear(): void {
    if (this.#isAsking && this.#timer !== undefined) this.#wait()
  }

  /** Asks now, not when it is due: the network may have changed. */
  askNow(): void {
    if (this.#timer !== undefined) this.#ask()
  }

  #wait(): void {
    this.#isAsking = false
    this.#schedule(this.#interval)
  }

  #ask(): void {
    this.#isAsking = true
    this.#schedule(this.#init.timeout)
    this.#init.ask()
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    this.#dueAt = this.#init.monotonic() + ms
    this.#timer = setTimeout(this.#look, ms)
  }

  readonly #look = (): void => {
    const late = this.#init.monotonic() - this.#dueAt
    if (!this.#isAsking || late > this.#init.timeout) return this.#ask()
    this.#timer = undefined
    this.#init.onSilent()
  }
}
