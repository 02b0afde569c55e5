/**
 * Resumption of sessions: which client may resume which session, and how long a session waits. A detached
 * session waits for `resumeWindow`, for `unboundResumeWindow` if it holds nothing, or for as long as the game
 * has set. Then it ends; it ends earlier if too many wait.
 */
import { randomBytes } from 'node:crypto'
import { closeCodes } from '../../shared/close-codes.js'
import type { Logger } from '../../shared/text/log.js'
import {
  type ResumeFailure,
  type ResumePoint,
  type ResumeReply,
  type ResumeRequest,
  resumeFailures
} from '../../shared/wire/resume.js'
import { addressKey } from '../addresses/client-address.js'
import { SharedBudget } from '../limits/shared-budget.js'
import type { PomeloMessages } from '../protocols/pomelo-messages.js'
import type { Ending, Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import { Backlog, type BacklogLimits } from './backlog.js'
import { type DetachedLimits, DetachedSessions, type Surplus } from './detached-sessions.js'
import type { FarSessions } from './far-sessions.js'
import { type Farewell, Farewells } from './farewells.js'
import type { ResumableKeeper } from './resumable-keeper.js'
import { ResumableReceiver } from './resumable-receiver.js'
import { hashSecret, ResumeSecrets } from './resume-secrets.js'
import { Waits } from './waits.js'

export interface ResumptionInit extends BacklogLimits, DetachedLimits {
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Logger
  /** Milliseconds for which a detached session is kept; 0: no session is kept. */
  readonly resumeWindow: number
  /** Milliseconds for which a detached session that holds nothing is kept; capped by `resumeWindow`. */
  readonly unboundResumeWindow: number
  /** Bytes of memory that all backlogs together may take. */
  readonly maxBacklogBytesInAll: number
  /** Bytes that may wait to be sent to one client. */
  readonly maxSendBytes: number
  readonly monotonic: () => number
}

/**
 * Maximum number of characters that are written at once while a client catches up, far below `maxSendBytes`.
 */
const longestPiece = 65_536

/**
 * Milliseconds between two log lines about evictions, of which strangers could cause any number.
 */
const quietFor = 10_000

export interface ResumeAnswer {
  readonly receiver: ResumableReceiver
  readonly reply: ResumeReply
}

export class Resumption implements ResumableKeeper {
  readonly #init: ResumptionInit
  readonly #secrets = new ResumeSecrets<ResumableReceiver>()
  readonly #detached: DetachedSessions<ResumableReceiver>
  /**
   * The waits of receivers whose client is away. Moments are measured without the forgiven milliseconds (see
   * `look`).
   */
  readonly #waits = new Waits<ResumableReceiver>()
  readonly #farewells: Farewells
  readonly #budget: SharedBudget
  #forgiven = 0
  /** The sessions of other gateways; undefined without a cluster. */
  far: FarSessions | undefined
  /** Evictions since the last log line about them. */
  #evictedUnlogged = 0
  #loggedAt = Number.NEGATIVE_INFINITY

  constructor(init: ResumptionInit) {
    this.#init = init
    this.#detached = new DetachedSessions(init)
    this.#farewells = new Farewells(init.resumeWindow)
    init.registry.on('resumeWindow', session => this.#windowSet(session))
    this.#budget = new SharedBudget(init.maxBacklogBytesInAll, () => this.#secrets.size)
  }

  get isOn(): boolean {
    return this.#init.resumeWindow > 0
  }

  /** Number of sessions whose client is away. */
  get awayCount(): number {
    return this.#detached.size
  }

  /** Bytes of memory that detached sessions take. */
  get awayBytes(): number {
    return this.#detached.bytes
  }

  get backlogBytes(): number {
    return this.#budget.bytes
  }

  /** Whether a token belongs to a session of this gateway, or to one that has ended here on purpose. */
  knows(token: string): boolean {
    const hash = hashSecret(token)
    return this.#secrets.find(hash) !== undefined || this.#farewells.has(hash)
  }

  /**
   * Finds the session that a client of this user wants to resume, or prepares a new one that can be resumed
   * later. Returns a farewell instead if the client's session was ended on purpose.
   */
  admit(
    { session: point }: ResumeRequest,
    messages: PomeloMessages,
    uid: string | null
  ): ResumeAnswer | Farewell {
    const hash = point && hashSecret(point.token)
    const farewell = hash && this.#farewells.take(hash, uid)
    if (farewell) return farewell
    const found = point && hash ? this.#find(point, hash, messages, uid) : undefined
    if (found instanceof ResumableReceiver) {
      found.takeOver(point!.received, messages)
      return { receiver: found, reply: this.#describe(found, true) }
    }
    if (found !== undefined) this.#init.metrics.count('resumesFailed')
    const { metrics, maxSendBytes } = this.#init
    const receiver = new ResumableReceiver({
      messages,
      metrics,
      pieceLength: Math.min(longestPiece, maxSendBytes / 4),
      epoch: randomBytes(8).toString('base64url'),
      backlog: new Backlog(this.#init, this.#budget),
      uid,
      keeper: this
    })
    return { receiver, reply: this.#describe(receiver, false, found) }
  }

  /**
   * Ends sessions that have waited for too long. `forgiven`: milliseconds since the last look during which
   * the process stood still, so that no client could come back.
   */
  look(now: number, forgiven: number): void {
    this.#forgiven += forgiven
    const time = now - this.#forgiven
    this.#farewells.look(time)
    const { resumeWindow: ms } = this.#init
    for (let over = this.#waits.findOver(time); over !== undefined; over = this.#waits.findOver(time)) {
      if (this.#waits.find(over)!.isBrief && !over.session!.holdsNothing) {
        // An earlier request has meanwhile given the session something to hold: it waits for `resumeWindow`
        // from now on.
        this.#waits.set(over, { since: time, ms, isBrief: false })
      } else {
        this.#forget(over)
        this.#endAway(over, 'not back in time')
      }
    }
  }

  /** Ends all sessions whose client is away. */
  close(): void {
    const ending = { code: closeCodes.restart, reason: 'the gateway is closing', kickReason: null }
    for (const receiver of this.#waits.items) this.endSession(receiver.session!, ending)
  }

  detached(receiver: ResumableReceiver): void {
    const { metrics, registry } = this.#init
    metrics.count('sessionsDetached')
    const session = receiver.session!
    const since = this.#init.monotonic() - this.#forgiven
    const { ms, isBrief } = this.#windowOf(session)
    this.#waits.set(receiver, { since, ms, isBrief })
    if (ms === 0) return this.#endAway(receiver, isBrief ? 'nothing to keep' : 'not to be waited for')
    session.watchSize(() => this.resized(receiver))
    this.#detached.add(receiver, addressKey(receiver.address.ip), receiver.bytes)
    this.#makeRoom()
    if (session.isOpen) registry.drop(session, receiver.dropped!.reason, ms)
  }

  resized(receiver: ResumableReceiver): void {
    this.#detached.resize(receiver, receiver.bytes)
    this.#makeRoom()
  }

  attached(receiver: ResumableReceiver): void {
    receiver.session?.unwatchSize()
    this.#forget(receiver)
  }

  ended(receiver: ResumableReceiver, farewell: Farewell): void {
    this.#forget(receiver)
    const hashes = this.#secrets.end(receiver)
    this.#farewells.add(receiver, farewell, hashes, this.#init.monotonic() - this.#forgiven)
  }

  endSession(session: Session, ending: Ending): void {
    this.#init.registry.end(session, ending)
  }

  overflowed(receiver: ResumableReceiver): void {
    const session = receiver.session!
    const reason = 'more was sent than is kept for a client that does not take it'
    this.#init.log.info('A session has ended', { sid: session.sid, uid: session.uid, reason })
    this.endSession(session, { code: closeCodes.slow, reason, kickReason: null })
  }

  confirmed(receiver: ResumableReceiver): void {
    this.#secrets.confirm(receiver)
  }

  // LOCAL-SESSIONS: a token is looked up among the sessions of this gateway. A client that comes back to
  // another gateway gets `gone` and a new session.
  #find(
    { epoch, received }: ResumePoint,
    hash: string,
    messages: PomeloMessages,
    uid: string | null
  ): ResumableReceiver | ResumeFailure {
    const receiver = this.#secrets.find(hash)
    if (receiver?.session === undefined) return resumeFailures.gone
    // The session is kept, since its own client may still come back.
    if (!receiver.isOf(uid)) return resumeFailures.stranger
    this.#secrets.used(receiver, hash)
    // The backlog is written in the form that the client read before.
    const isSame = epoch === receiver.epoch && messages.readsRich === receiver.readsRich
    const verdict = isSame ? receiver.judge(received) : resumeFailures.mismatch
    if (verdict === 'resumable') return receiver
    // The session's own client has come back but can't resume, so the session ends.
    const ending = {
      code: closeCodes.resumed,
      reason: `its client can't go on: ${verdict}`,
      kickReason: null
    }
    this.endSession(receiver.session, ending)
    return verdict
  }

  #describe(receiver: ResumableReceiver, resumed: boolean, reason?: ResumeFailure): ResumeReply {
    const token = this.#secrets.offer(receiver)
    const { epoch, received } = receiver
    const window = (receiver.session?.resumeWindow ?? this.#init.resumeWindow) / 1000
    return { token, epoch, resumed, received, window, ...(reason === undefined ? {} : { reason }) }
  }

  /** Returns how long a session waits for its client. Brief: only because it holds nothing. */
  #windowOf(session: Session): { readonly ms: number; readonly isBrief: boolean } {
    const { resumeWindow, unboundResumeWindow } = this.#init
    if (session.resumeWindow !== undefined) return { ms: session.resumeWindow, isBrief: false }
    const isBrief = unboundResumeWindow < resumeWindow && session.holdsNothing
    return { ms: isBrief ? unboundResumeWindow : resumeWindow, isBrief }
  }

  /** Changes a wait under way after the session's window was set. */
  #windowSet(session: Session): void {
    const { receiver } = session
    const wait = receiver instanceof ResumableReceiver && this.#waits.find(receiver)
    if (wait) this.#waits.set(receiver, { ...this.#windowOf(session), since: wait.since })
  }

  /** Forgets a receiver whose client is back, or whose session is over. */
  #forget(receiver: ResumableReceiver): void {
    this.#waits.delete(receiver)
    this.#detached.delete(receiver)
  }

  /** Evicts sessions until the limits hold. */
  #makeRoom(): void {
    for (;;) {
      const surplus = this.#detached.findSurplus()
      if (surplus === undefined) return
      // Removed before listeners are told of its end: one of them may detach another session, which needs
      // room too.
      this.#detached.delete(surplus.item)
      this.#init.metrics.count('detachedSessionsEvicted')
      this.#logEviction(surplus)
      this.#endAway(surplus.item, 'not kept for longer: too much is kept for others')
    }
  }

  #endAway(receiver: ResumableReceiver, why: string): void {
    const { code, reason, kickReason } = receiver.dropped!
    this.endSession(receiver.session!, { code, reason: `${reason}, and ${why}`, kickReason })
  }

  #logEviction({ limit, address }: Surplus<ResumableReceiver>): void {
    this.#evictedUnlogged++
    const now = this.#init.monotonic()
    if (now - this.#loggedAt < quietFor) return
    this.#init.log.warn('Sessions whose clients were away have made room for others', {
      sessions: this.#evictedUnlogged,
      limit,
      address
    })
    this.#loggedAt = now
    this.#evictedUnlogged = 0
  }
}
