/**
 * The clients that are away: how long their sessions wait, and which of them go when too many wait. A
 * session waits for `resumeWindow`, for `unboundResumeWindow` if it holds nothing, or for as long as the game
 * has set.
 */
import { addressKey } from '../addresses/client-address.js'
import type { Session } from '../sessions/session.js'
import { SeldomLine } from '../telemetry/seldom-line.js'
import { DetachedSessions } from './detached-sessions.js'
import { ResumableReceiver } from './resumable-receiver.js'
import type { ResumptionInit } from './resumption-init.js'
import { Waits } from './waits.js'

/** How long a session waits for its client. Brief: only because it holds nothing. */
export interface Window {
  readonly ms: number
  readonly isBrief: boolean
}

export class Absences {
  readonly #init: ResumptionInit
  /** Called to end a session that waits no more, with the reason. */
  readonly #onOver: (receiver: ResumableReceiver, why: string) => void
  readonly #detached: DetachedSessions<ResumableReceiver>
  /** Moments are measured by `time`. */
  readonly #waits = new Waits<ResumableReceiver>()
  readonly #evicted: SeldomLine
  #forgiven = 0
  /**
   * Whether the limits end no session, since the gateway itself sends the clients away. It takes in no new
   * ones then, so this ends soon.
   */
  keepsAll = false

  constructor(init: ResumptionInit, onOver: (receiver: ResumableReceiver, why: string) => void) {
    this.#init = init
    this.#onOver = onOver
    this.#detached = new DetachedSessions(init)
    this.#evicted = new SeldomLine('Sessions whose clients were away have made room for others', init)
  }

  /** Number of clients that are away. */
  get size(): number {
    return this.#detached.size
  }

  /** Bytes of memory that is kept for them. */
  get bytes(): number {
    return this.#detached.bytes
  }

  /** A new list of the receivers whose clients are away. */
  get items(): ResumableReceiver[] {
    return this.#waits.items
  }

  /** Now, by the monotonic clock without the milliseconds that were forgiven. */
  get time(): number {
    return this.#init.monotonic() - this.#forgiven
  }

  windowOf(session: Session): Window {
    const { resumeWindow, unboundResumeWindow } = this.#init
    if (session.resumeWindow !== undefined) return { ms: session.resumeWindow, isBrief: false }
    const isBrief = unboundResumeWindow < resumeWindow && session.holdsNothing
    return { ms: isBrief ? unboundResumeWindow : resumeWindow, isBrief }
  }

  /** Returns for how many milliseconds more a session waits for its client; 0: not at all. */
  leftOf(receiver: ResumableReceiver): number {
    const since = this.#waits.find(receiver)?.since ?? Number.NEGATIVE_INFINITY
    return Math.max(0, since + this.windowOf(receiver.session!).ms - this.time)
  }

  /**
   * Waits for the client of a session, from now on. Does nothing if the client is back, or the session has
   * gone or ended. Ends no session, even beyond the limits: `makeRoom` does.
   */
  begin(receiver: ResumableReceiver): void {
    const { session } = receiver
    if (receiver.isConnected || session?.isOpen !== true) return
    this.end(receiver)
    this.#waits.set(receiver, { since: this.time, ...this.windowOf(session) })
    session.watchSize(() => this.resized(receiver))
    this.#detached.add(receiver, addressKey(receiver.address.ip), receiver.bytes)
  }

  /** Waits no more: the client is back, or the session is over. Does nothing if it was not waited for. */
  end(receiver: ResumableReceiver): void {
    receiver.session?.unwatchSize()
    this.#waits.delete(receiver)
    this.#detached.delete(receiver)
  }

  /** The memory that is kept for a client has changed. */
  resized(receiver: ResumableReceiver): void {
    this.#detached.resize(receiver, receiver.bytes)
    this.makeRoom()
  }

  /** Changes a wait under way after the session's window was set. */
  windowSet(session: Session): void {
    const { receiver } = session
    const wait = receiver instanceof ResumableReceiver && this.#waits.find(receiver)
    if (wait) this.#waits.set(receiver, { ...this.windowOf(session), since: wait.since })
  }

  /**
   * Ends sessions that have waited for too long. `forgiven`: milliseconds since the last look during which
   * the process stood still, so that no client could come back. Returns `now` as `time` measures it.
   */
  look(now: number, forgiven: number): number {
    this.#forgiven += forgiven
    const time = now - this.#forgiven
    const { resumeWindow: ms } = this.#init
    for (let over = this.#waits.findOver(time); over !== undefined; over = this.#waits.findOver(time)) {
      if (this.#waits.find(over)!.isBrief && !over.session!.holdsNothing) {
        // It has something to hold by now: it waits for `resumeWindow` from now on.
        this.#waits.set(over, { since: time, ms, isBrief: false })
      } else {
        this.end(over)
        this.#onOver(over, 'not back in time')
      }
    }
    return time
  }

  /** Evicts sessions until the limits hold. */
  makeRoom(): void {
    while (!this.keepsAll) {
      const surplus = this.#detached.findSurplus()
      if (surplus === undefined) return
      // Removed before listeners are told: one may detach another session, which needs room too.
      this.#detached.delete(surplus.item)
      this.#init.metrics.count('detachedSessionsEvicted')
      this.#evicted.tell({ limit: surplus.limit, address: surplus.address })
      this.#onOver(surplus.item, 'not kept for longer: too much is kept for others')
    }
  }
}
