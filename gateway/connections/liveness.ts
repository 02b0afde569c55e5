/**
 * Measures how long a client is silent, how long it is paused, and how long its handshake takes.
 *
 * Owned by the connection, which calls `look` at intervals. It only reports; the connection decides what to
 * do.
 */

import { longestClose } from '../http/web-socket.js'

export interface LivenessLimits {
  /** Milliseconds between heartbeats; 0 sends none. */
  readonly heartbeat: number
  readonly handshakeTimeout: number
  readonly maxPause: number
}

/** The result of a look: nothing, a heartbeat that is due, or a state that has lasted too long. */
export type Finding = 'beat' | 'unfinished' | 'unread' | 'silent' | undefined

/** Milliseconds that a client without a completed handshake has to answer the close of its connection. */
const closeGrace = 250

export class Liveness {
  readonly #limits: LivenessLimits
  #openedAt: number
  /** Time at which the last bytes of the client came. */
  #heardAt: number
  #beatAt: number
  #pausedAt: number | undefined
  #closingAt: number | undefined

  /** @param since the time at which the handshake's timeout began */
  constructor(limits: LivenessLimits, now: number, since = now) {
    this.#limits = limits
    this.#openedAt = since
    this.#heardAt = now
    this.#beatAt = now
  }

  get heardAt(): number {
    return this.#heardAt
  }

  get isPaused(): boolean {
    return this.#pausedAt !== undefined
  }

  hear(now: number): void {
    this.#heardAt = now
  }

  pause(now: number): void {
    this.#pausedAt = now
  }

  /** Measures the client's silence from now on, since the gateway did not read its socket before. */
  resume(now: number): void {
    this.#pausedAt = undefined
    this.#heardAt = now
  }

  /** Leaves `ms` out of all times: the gateway's process stalled for that long, and read no socket. */
  forgive(ms: number): void {
    this.#heardAt += ms
    this.#openedAt += ms
    this.#beatAt += ms
    if (this.#pausedAt !== undefined) this.#pausedAt += ms
    if (this.#closingAt !== undefined) this.#closingAt += ms
  }

  /** Measures a pause from now on, because time limits are off. */
  restartPause(now: number): void {
    if (this.#pausedAt !== undefined) this.#pausedAt = now
  }

  /**
   * Whether a close has taken too long, since the first call. A client without a completed handshake has only
   * a short time: apart from the close frame, nothing is on its way to it.
   */
  lingers(now: number, isReady: boolean): boolean {
    this.#closingAt ??= now
    return now - this.#closingAt >= (isReady ? longestClose : closeGrace)
  }

  /** @param isReady whether the client has completed the handshake */
  look(now: number, isReady: boolean): Finding {
    const { heartbeat, handshakeTimeout, maxPause } = this.#limits
    if (!isReady && now - this.#openedAt >= handshakeTimeout) return 'unfinished'
    // Before the handshake is complete, its own time limit holds.
    if (this.#pausedAt !== undefined)
      return isReady && now - this.#pausedAt >= maxPause ? 'unread' : undefined
    if (heartbeat === 0) return undefined
    if (now - this.#heardAt >= heartbeat * 2) return 'silent'
    if (now - this.#beatAt < heartbeat) return undefined
    this.#beatAt = now
    return 'beat'
  }
}
