/**
 * Resumption of sessions: which client may resume which session, and what becomes of a session whose client
 * is away. How long it waits is left to `Absences`.
 */
import { randomBytes } from 'node:crypto'
import { closeCodes } from '../../shared/close-codes.js'
import {
  type ResumeFailure,
  type ResumePoint,
  type ResumeReply,
  type ResumeRequest,
  resumeFailures
} from '../../shared/wire/resume.js'
import { SharedBudget } from '../limits/shared-budget.js'
import type { PomeloMessages } from '../protocols/pomelo-messages.js'
import type { Ending } from '../sessions/registry-events.js'
import type { Session } from '../sessions/session.js'
import { Absences } from './absences.js'
import { Backlog } from './backlog.js'
import type { FarSessions } from './far-sessions.js'
import { type Farewell, Farewells, type KeptFarewell } from './farewells.js'
import type { ResumableKeeper } from './resumable-keeper.js'
import { isEither, type ResumableState } from './resumable-parts.js'
import { ResumableReceiver } from './resumable-receiver.js'
import { hashSecret, ResumeSecrets, type SecretHashes } from './resume-secrets.js'
import type { ResumeAnswer, ResumptionInit } from './resumption-init.js'

const resumable = 'resumable'

export class Resumption implements ResumableKeeper {
  readonly #init: ResumptionInit
  readonly #secrets = new ResumeSecrets<ResumableReceiver>()
  readonly #absences: Absences
  readonly #farewells: Farewells
  readonly #budget: SharedBudget
  /** The sessions of other gateways; undefined without a cluster. */
  far: FarSessions | undefined
  /**
   * Resolves when the store has a session, or does not take it in time. undefined: clients do not wait for a
   * store.
   */
  keep: ((session: Session) => Promise<unknown>) | undefined
  /** Receivers of restored sessions whose client has not confirmed that: it begins to count anew. */
  readonly restored = new WeakSet<ResumableReceiver>()

  constructor(init: ResumptionInit) {
    this.#init = init
    this.#absences = new Absences(init, (receiver, why) => this.#endAway(receiver, why))
    this.#farewells = new Farewells(init.resumeWindow)
    init.registry.on('resumeWindow', session => this.#absences.windowSet(session))
    this.#budget = new SharedBudget(init.maxBacklogBytesInAll, () => this.#secrets.size)
  }

  /** Whether sessions are kept at a restart, to go on at other gateways. */
  get goesOn(): boolean {
    return this.#absences.keepsAll
  }

  /** From now on, keeps sessions at a restart, to go on at other gateways. */
  goOn(): void {
    this.#absences.keepsAll = true
  }

  get isOn(): boolean {
    return this.#init.resumeWindow > 0
  }

  get awayCount(): number {
    return this.#absences.size
  }

  get awayBytes(): number {
    return this.#absences.bytes
  }

  get backlogBytes(): number {
    return this.#budget.bytes
  }

  /** Whether a token belongs to a session that is here, or on its way from here, or was ended on purpose. */
  knows(token: string): boolean | 'leaving' {
    const receiver = this.#secrets.find(hashSecret(token))
    if (receiver === undefined) return this.#farewells.has(hashSecret(token))
    return this.#init.registry.isLeaving(receiver.session?.sid ?? 0) ? 'leaving' : true
  }

  /**
   * Finds the session that a client of this user wants to resume, or prepares a new one that can be resumed
   * later. Returns a farewell instead if the client's session was ended on purpose. `token`: what
   * `prepareNext` has made; undefined: nothing.
   */
  admit(
    { session: point }: ResumeRequest,
    messages: PomeloMessages,
    uid: string | null,
    token?: string
  ): ResumeAnswer | Farewell {
    const hash = point && hashSecret(point.token)
    const farewell = hash && this.#farewells.tell(hash, uid, this.#absences.time)
    if (farewell) return farewell
    const found = point && hash ? this.#find(point, hash, messages, uid) : undefined
    if (found instanceof ResumableReceiver) {
      const restored = this.restored.has(found)
      found.takeOver(restored ? 0 : point!.received, messages)
      const reply = this.#describe(found, !restored, undefined, token)
      return { receiver: found, reply: restored ? { ...reply, restored } : reply }
    }
    if (found !== undefined) this.#init.metrics.count('resumesFailed')
    const epoch = randomBytes(8).toString('base64url')
    const receiver = this.#create(this.#init.registry.reserve(), { uid, epoch }, messages)
    return { receiver, reply: this.#describe(receiver, false, found) }
  }

  /** Prepares the next token of a session, for `admit`. Returns undefined if there is no such session. */
  prepareNext(token: string): { readonly session: Session; readonly token: string } | undefined {
    const receiver = this.#secrets.find(hashSecret(token))
    const session = receiver?.session
    return receiver && session && { session, token: this.#secrets.prepare(receiver, receiver.sid) }
  }

  /** Finds a session that its client wants to resume elsewhere. Else returns its farewell, or the reason. */
  findToMove(hash: string, uid: string | null): ResumableReceiver | Farewell | ResumeFailure {
    const receiver = this.#secrets.find(hash)
    if (receiver?.session === undefined)
      return this.#farewells.tell(hash, uid, this.#absences.time) ?? resumeFailures.gone
    return isEither(receiver.users, uid) ? receiver : resumeFailures.stranger
  }

  /** Ends the wait for a client that has come back at another gateway. */
  letGo(receiver: ResumableReceiver): void {
    this.#absences.end(receiver)
  }

  /** The farewells that are kept here, for other gateways. */
  get farewells(): KeptFarewell[] {
    return this.#farewells.list(this.#absences.time)
  }

  /** Keeps a farewell on of a gateway that ends. */
  keepOn(farewell: KeptFarewell): void {
    this.#farewells.keepOn(farewell, this.#absences.time)
  }

  /** The hashes of a client's secrets, which go with its session to another gateway. */
  hashesOf(receiver: ResumableReceiver): SecretHashes {
    return this.#secrets.hashesOf(receiver)
  }

  /** Another gateway has the session of this receiver. */
  moveOut(receiver: ResumableReceiver): void {
    this.#absences.end(receiver)
    this.#secrets.end(receiver)
    receiver.discard()
  }

  /** Returns the receiver of a session of another gateway. It has no session yet. */
  moveIn(
    sid: number,
    state: ResumableState,
    hashes: SecretHashes,
    messages: PomeloMessages
  ): ResumableReceiver {
    const receiver = this.#create(sid, state, messages)
    receiver.importState(state)
    this.#secrets.add(receiver, hashes)
    return receiver
  }

  /** Returns for how many milliseconds more a session waits for its client; 0: not at all. */
  leftOf(receiver: ResumableReceiver): number {
    return this.#absences.leftOf(receiver)
  }

  /**
   * Waits for the client of a session, from now on, without telling anybody that it is away: it is on its way
   * here. So no session has to make room for it yet. Does nothing if the client is back, or the session has
   * gone or ended.
   */
  wait(receiver: ResumableReceiver): void {
    this.#absences.begin(receiver)
  }

  #create(
    sid: number,
    { uid, epoch }: Pick<ResumableState, 'uid' | 'epoch'>,
    messages: PomeloMessages
  ): ResumableReceiver {
    const { metrics } = this.#init
    const backlog = new Backlog(this.#init, this.#budget)
    return new ResumableReceiver({ messages, metrics, sid, epoch, backlog, uid, keeper: this })
  }

  /**
   * Ends sessions that have waited for too long. `forgiven`: milliseconds since the last look during which
   * the process stood still, so that no client could come back.
   */
  look(now: number, forgiven: number): void {
    this.#farewells.look(this.#absences.look(now, forgiven))
  }

  close(): void {
    const ending = { code: closeCodes.restart, reason: 'the gateway is closing', kickReason: null }
    for (const receiver of this.#absences.items) this.endSession(receiver.session!, ending)
  }

  detached(receiver: ResumableReceiver): void {
    const { metrics, registry } = this.#init
    const session = receiver.session!
    const { ms, isBrief } = this.#absences.windowOf(session)
    if (ms === 0) return this.#endAway(receiver, isBrief ? 'nothing to keep' : 'not to be waited for')
    metrics.count('sessionsDetached')
    this.#absences.begin(receiver)
    this.#absences.makeRoom()
    if (session.isOpen) registry.drop(session, receiver.dropped!.reason, ms)
  }

  resized(receiver: ResumableReceiver): void {
    this.#absences.resized(receiver)
  }

  attached(receiver: ResumableReceiver): void {
    this.#absences.end(receiver)
  }

  ended(receiver: ResumableReceiver, farewell: Farewell): void {
    this.#absences.end(receiver)
    const hashes = this.#secrets.end(receiver)
    const { sid, users } = receiver
    this.#farewells.add({ ...farewell, sid, hashes, users }, this.#absences.time)
  }

  endSession(session: Session, ending: Ending): void {
    this.#init.registry.end(session, ending)
  }

  overflowed(receiver: ResumableReceiver): void {
    const session = receiver.session!
    const reason = 'more was sent than is kept for a client that does not take it'
    this.#init.log.info('A session has ended', { sid: session.sid, uid: session.uid, reason })
    if (receiver.isConnected) this.#init.metrics.count('connectionsClosedSlow')
    this.endSession(session, { code: closeCodes.slow, reason, kickReason: null })
  }

  confirmed(receiver: ResumableReceiver): void {
    this.restored.delete(receiver)
    this.#secrets.confirm(receiver)
  }

  #find(
    { epoch, received }: ResumePoint,
    hash: string,
    messages: PomeloMessages,
    uid: string | null
  ): ResumableReceiver | ResumeFailure {
    const receiver = this.#secrets.find(hash)
    if (receiver?.session === undefined) return resumeFailures.gone
    // Kept, since its own client may still come back.
    if (!isEither(receiver.users, uid)) return resumeFailures.stranger
    this.#secrets.used(receiver, hash)
    // The backlog is written in the form that the client read before.
    const isRestored = this.restored.has(receiver)
    const isSame = (isRestored || epoch === receiver.epoch) && messages.readsRich === receiver.readsRich
    const verdict = isSame ? (isRestored ? resumable : receiver.judge(received)) : resumeFailures.mismatch
    if (verdict === resumable) return receiver
    // The session's own client has come back but can't resume, so the session ends.
    const reason = `its client can't go on: ${verdict}`
    this.endSession(receiver.session, { code: closeCodes.resumed, reason, kickReason: null })
    return verdict
  }

  #describe(
    receiver: ResumableReceiver,
    resumed: boolean,
    reason?: ResumeFailure,
    prepared?: string
  ): ResumeReply {
    // The session may have been elsewhere since then.
    const isValid = prepared !== undefined && this.#secrets.tell(receiver, prepared)
    const token = isValid ? prepared : this.#secrets.offer(receiver, receiver.sid)
    const { epoch, received } = receiver
    const window = (receiver.session?.resumeWindow ?? this.#init.resumeWindow) / 1000
    return { token, epoch, resumed, received, window, ...(reason === undefined ? {} : { reason }) }
  }

  #endAway(receiver: ResumableReceiver, why: string): void {
    const { code, reason, kickReason } = receiver.dropped!
    this.endSession(receiver.session!, { code, reason: `${reason}, and ${why}`, kickReason })
  }
}
