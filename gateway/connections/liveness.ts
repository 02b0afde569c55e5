/**
 * How long one client has been silent, unread or without a finished handshake, by a clock that is looked at now and
 * then. Only tells; what is done about it is the connection's.
 */

export interface LivenessLimits {
  /** Milliseconds between heartbeats; 0: none. */
  readonly heartbeat: number
  readonly handshakeTimeout: number
  readonly maxPause: number
}

/** What a look finds: nothing, the time for a heartbeat, or what went on for too long. */
export type Finding = 'beat' | 'unfinished' | 'unread' | 'silent' | undefined

/** Milliseconds that a client without a session has to answer the close of its connection. */
const closeGrace = 250

export class Liveness {
  readonly #limits: LivenessLimits
  #openedAt: number
  /** When something was last heard of the client. */
  #heardAt: number
  #beatAt: number
  #pausedAt: number | undefined
  #closingAt: number | undefined

  /** `since`: when the time for the handshake began. */
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

  /** Silence while the gateway did not listen is not the client's. */
  resume(now: number): void {
    this.#pausedAt = undefined
    this.#heardAt = now
  }

  /** Takes so many milliseconds as not passed: nobody listened to the client then. */
  forgive(ms: number): void {
    this.#heardAt += ms
    this.#openedAt += ms
    this.#beatAt += ms
    if (this.#pausedAt !== undefined) this.#pausedAt += ms
  }

  /** Of a connection that is closing: whether it has been seen so for long enough to read why. */
  lingers(now: number): boolean {
    this.#closingAt ??= now
    return now - this.#closingAt >= closeGrace
  }

  /** `isReady`: whether the client has done all that it must before data flows. */
  look(now: number, isReady: boolean): Finding {
    const { heartbeat, handshakeTimeout, maxPause } = this.#limits
    if (!isReady && now - this.#openedAt >= handshakeTimeout) return 'unfinished'
    if (this.#pausedAt !== undefined) return now - this.#pausedAt >= maxPause ? 'unread' : undefined
    if (heartbeat === 0) return undefined
    if (now - this.#heardAt >= heartbeat * 2) return 'silent'
    if (now - this.#beatAt < heartbeat) return undefined
    this.#beatAt = now
    return 'beat'
  }
}
