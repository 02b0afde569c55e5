/**
 * Whether the gateway is still there: when nothing was heard for a while it is asked, and when it does not answer in time
 * the connection counts as lost. A machine that slept did not listen, which is not the gateway's silence.
 */

export interface HeartbeatInit {
  /** Milliseconds of silence until the gateway is asked. */
  readonly interval: number
  /** Milliseconds that it may take to answer. */
  readonly timeout: number
  readonly ask: () => void
  readonly onSilent: () => void
}

export class Heartbeat {
  readonly #init: HeartbeatInit
  #timer: ReturnType<typeof setTimeout> | undefined
  #isAsking = false
  #hasHeard = false
  #dueAt = 0

  constructor(init: HeartbeatInit) {
    this.#init = init
  }

  start(): void {
    this.stop()
    this.#wait()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Something came. */
  hear(): void {
    this.#hasHeard = true
  }

  /** Asks now, not when it is due: the network may have changed. */
  askNow(): void {
    if (this.#timer !== undefined) this.#ask()
  }

  #wait(): void {
    this.#isAsking = false
    this.#hasHeard = false
    this.#schedule(this.#init.interval)
  }

  #ask(): void {
    this.#isAsking = true
    this.#hasHeard = false
    this.#schedule(this.#init.timeout)
    this.#init.ask()
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    this.#dueAt = Date.now() + ms
    this.#timer = setTimeout(this.#look, ms)
  }

  readonly #look = (): void => {
    if (this.#hasHeard) return this.#wait()
    const late = Date.now() - this.#dueAt
    if (!this.#isAsking || late > this.#init.timeout) return this.#ask()
    this.#timer = undefined
    this.#init.onSilent()
  }
}
