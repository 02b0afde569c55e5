/**
 * Detects a silent gateway. Sends a heartbeat at each interval, which shows the gateway that the client is
 * alive. If no answer comes in time, the connection counts as lost. While a machine sleeps it cannot receive
 * anything, so a timer that fires late does not count as silence. Owned by the Conversation.
 */

export interface HeartbeatInit {
  /** Milliseconds between two heartbeats. */
  readonly interval: number
  /** Milliseconds to wait for an answer. */
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

  /**
   * Starts the heartbeat. `most`: the longest interval in milliseconds that the gateway accepts. Default:
   * any.
   */
  start(most = Number.POSITIVE_INFINITY): void {
    this.stop()
    this.#interval = Math.min(this.#init.interval, most)
    this.#wait()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Tells that something was received, which answers a pending heartbeat. */
  hear(): void {
    if (this.#isAsking && this.#timer !== undefined) this.#wait()
  }

  /** Sends a heartbeat at once, unless one waits for its answer: the network may have changed. */
  askNow(): void {
    if (this.#timer !== undefined && !this.#isAsking) this.#ask()
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
