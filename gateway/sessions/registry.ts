/**
 * The sessions of this gateway, by number and by user: opens, binds, unbinds, kicks and ends them. The only
 * place that does so, and the place that enforces `singleSession`. Emits an event for each; knows no sockets.
 */
import { EventEmitter } from 'node:events'
import { closeCodes } from '../../shared/close-codes.js'
import { errors, type GatewayError } from '../../shared/errors.js'
import { noLimits } from '../../shared/values/settings-text.js'
import type { SingleSession } from '../options/plain-options.js'
import type { Metrics } from '../telemetry/metrics.js'
import { type Identity, nobody } from './authentication.js'
import { SessionsByName } from './channels.js'
import type { Receiver } from './receiver.js'
import { type ClientInfo, type Ending, inStore, type RegistryEvents, replaced } from './registry-events.js'
import { Session } from './session.js'
import type { SessionState } from './session-state.js'
import type { Author } from './settings/setting.js'
import type { ClaimedBinds } from './user-claims.js'

export interface RegistryInit {
  readonly frontendId: string
  readonly singleSession: SingleSession
  /** Greatest resume window that `setResumeWindow` accepts, in milliseconds. */
  readonly maxResumeWindow: number
  readonly metrics: Metrics
  readonly now: () => number
}

export class Registry extends EventEmitter<RegistryEvents> {
  readonly #frontendId: string
  readonly #singleSession: SingleSession
  readonly #maxResumeWindow: number
  readonly #metrics: Metrics
  readonly #now: () => number
  readonly #bySid = new Map<number, Session>()
  /** The sessions of each user. */
  readonly users = new SessionsByName()
  /** Sessions on their way to another gateway, with the end that was asked for meanwhile. */
  readonly #leaving = new Map<Session, Ending | undefined>()
  // Not reused, unless a clock is set back before a restart: a late operation reaches no other session.
  #lastSid: number
  /** Binds users that must be claimed first; undefined if none must. */
  claimed: ClaimedBinds | undefined
  #seconds: number

  constructor({ frontendId, singleSession, maxResumeWindow, metrics, now }: RegistryInit) {
    super()
    this.#frontendId = frontendId
    this.#singleSession = singleSession
    this.#maxResumeWindow = maxResumeWindow
    this.#metrics = metrics
    this.#now = now
    this.#lastSid = Math.floor(now()) * 1024
    this.#seconds = Math.floor(now() / 1_000)
  }

  get size(): number {
    return this.#bySid.size
  }

  /**
   * Opens a session. It has the user and the settings of `identity` before listeners are told. The caller
   * first checks with `judgeUid` whether another session keeps this user out. `sid`: the number that was
   * reserved for it.
   */
  open(
    receiver: Receiver,
    client: ClientInfo = { protocol: 'json' },
    { uid, settings }: Identity = nobody,
    sid = this.reserve()
  ): Session {
    if (uid !== null) this.#replaceAll(uid)
    const session = new Session(this.#frontendId, sid, receiver)
    Object.assign(session, { since: this.#now(), protocol: client.protocol })
    this.#bySid.set(session.sid, session)
    if (settings.length > 0) session.changeKeys(settings, 0, noLimits, this.author(null))
    if (uid !== null) this.#setUid(session, uid, 0)
    this.#metrics.count('sessionsOpened')
    this.emit('opened', session, client)
    if (uid !== null && session.isOpen) this.emit('bind', session, uid)
    return session
  }

  /** Numbers the next sessions from `before` + 1 on. Called at the start of a cluster's member. */
  numberFrom(before: number): void {
    this.#lastSid = before
  }

  /** Returns the number of a session that is to begin. */
  reserve(): number {
    return ++this.#lastSid
  }

  /** Sets how many milliseconds a session waits for its client; null: as the options say. */
  setResumeWindow(session: Session, ms: number | null): GatewayError | undefined {
    const most = this.#maxResumeWindow
    if (ms !== null && !(ms >= 0 && ms <= most))
      return errors.resumeWindowInvalid(`0 to ${most} ms (maxResumeWindow)`, `${ms}`)
    session.resumeWindow = ms ?? undefined
    this.emit('resumeWindow', session)
    return undefined
  }

  /** Tells listeners that a session waits for its client, for `ms` milliseconds from now on. */
  drop(session: Session, reason: string, ms: number): void {
    this.emit('dropped', session, reason, this.#now() + ms)
  }

  /**
   * Tells listeners that the client of a session is back, on another connection. `isWhole`: it goes on where
   * it was; else the session was restored after a crash, and counts as that.
   */
  resume(session: Session, client: ClientInfo, isWhole = true): void {
    if (isWhole) this.#metrics.count('sessionsResumed')
    this.emit('resumed', session, client)
  }

  /** Returns a session by its number; undefined for one that another gateway is about to have. */
  find(sid: number): Session | undefined {
    const session = this.#bySid.get(sid)
    return session !== undefined && this.#leaving.size > 0 && this.#leaving.has(session) ? undefined : session
  }

  /** Whether a session is here, or on its way from here to another gateway. */
  has(sid: number): boolean {
    return this.#bySid.has(sid)
  }

  /** Returns the session that events for a number go to: one that is on its way gets them behind it. */
  findRecipient(sid: number): Session | undefined {
    return this.#bySid.get(sid)
  }

  /** All sessions of a user: a copy, safe to walk while they end. */
  findByUid(uid: string): readonly Session[] {
    return [...this.users.get(uid)]
  }

  /** All sessions, the oldest first. Sessions may begin and end while the iterator is used. */
  [Symbol.iterator](): Iterator<Session> {
    return this.#bySid.values()
  }

  /** Returns the author of a change that is made now. null: the host. */
  author(route: string | null): Author {
    return { route, at: this.#seconds }
  }

  /** Reads the time of day for `author`, which would cost too much there. Called about once a second. */
  tick(): void {
    this.#seconds = Math.floor(this.#now() / 1_000)
  }

  all(): readonly Session[] {
    return [...this.#bySid.values()]
  }

  /**
   * Binds a session to a user. Returns the error if that fails. Binding to the same uid again is no error.
   * Where users must be claimed, `claimed` is to be used instead.
   */
  bind(session: Session, uid: string, viewId = 0): GatewayError | undefined {
    const error = this.judgeBind(session, uid)
    return error === undefined ? this.setBound(session, uid, viewId) : error === 'bound' ? undefined : error
  }

  /** Returns the error if a session can't be bound to a user; 'bound' if it is bound to them already. */
  judgeBind(session: Session, uid: string): GatewayError | 'bound' | undefined {
    if (session.uid === uid) return 'bound'
    return session.uid === null ? this.judgeUid(uid) : errors.uidTaken(session.uid)
  }

  /** Binds a session that may be bound, and ends the user's others. */
  setBound(session: Session, uid: string, viewId: number): GatewayError | undefined {
    this.#replaceAll(uid)
    // A listener may have ended the newcomer meanwhile: a session that is gone must not be found by its user.
    if (!session.isOpen) return errors.sessionNotFound(session.sid)
    this.#setUid(session, uid, viewId)
    this.emit('bind', session, uid)
    return undefined
  }

  // LOCAL-SESSIONS: `singleSession` looks for other sessions of the user in this gateway only; so do
  // `findByUid`, `all` and `#replaceAll`.
  /**
   * Returns the error if another session of the user keeps new ones out. A session whose client is away does
   * not.
   */
  judgeUid(uid: string): GatewayError | undefined {
    if (this.#singleSession !== 'reject') return undefined
    const isTaken = this.findByUid(uid).some(({ receiver }) => receiver?.isConnected === true)
    return isTaken ? errors.singleSession(uid) : undefined
  }

  unbind(session: Session, uid: string, viewId = 0): GatewayError | undefined {
    if (session.uid !== uid) return errors.uidNotBound(uid, session.uid)
    this.#forgetUid(session, uid)
    session.setUid(null, viewId)
    this.emit('unbind', session, uid)
    return undefined
  }

  /** Ends a session; does nothing if it has ended. Listeners still see its uid and its settings. */
  end(session: Session, { code, reason, kickReason }: Ending): void {
    if (!session.isOpen) return
    if (this.#leaving.has(session)) return void this.#leaving.set(session, { code, reason, kickReason })
    const { receiver } = session
    session.close()
    this.#bySid.delete(session.sid)
    if (session.uid !== null) this.#forgetUid(session, session.uid)
    this.#metrics.count('sessionsClosed')
    if (code === closeCodes.kicked) this.#metrics.count('sessionsKicked')
    // Even if a listener throws, no client stays connected to a session that has ended.
    try {
      this.emit('closed', session, reason)
    } finally {
      receiver?.end(code, kickReason)
    }
  }

  /** A session is on its way to another gateway: it is not found by its number, and does not end. */
  leave(session: Session): void {
    this.#leaving.set(session, undefined)
  }

  /** Whether a session is on its way to another gateway. */
  isLeaving(sid: number): boolean {
    return this.#leaving.has(this.#bySid.get(sid)!)
  }

  /** Whether a session is to end that is on its way. */
  isEnding(session: Session): boolean {
    return this.#leaving.get(session) !== undefined
  }

  /** A session that was on its way stays here. It ends now if it was to end meanwhile. */
  stay(session: Session): void {
    const ending = this.#leaving.get(session)
    this.#leaving.delete(session)
    if (ending !== undefined) this.end(session, ending)
  }

  /** Another gateway has a session. Returns the end that was asked for while it was on its way. */
  moveOut(session: Session, to: string): Ending | undefined {
    const ending = this.#leaving.get(session)
    this.#leaving.delete(session)
    session.close()
    this.#bySid.delete(session.sid)
    // Its claim stays until the other gateway has one.
    if (session.uid !== null) this.users.remove(session.uid, session)
    if (to !== inStore) this.#metrics.count('sessionsMovedOut')
    this.emit('moved', session, to)
    return ending
  }

  /** Takes over a session of another gateway. `prepare` is called before listeners are told. */
  moveIn(
    state: SessionState,
    receiver: Receiver,
    from: string,
    prepare: (session: Session) => void
  ): Session {
    const session = new Session(this.#frontendId, state.sid, receiver)
    Object.assign(session, { since: state.since, protocol: state.protocol })
    session.resumeWindow = state.resumeWindow ?? undefined
    session.importSettings(state)
    this.#bySid.set(session.sid, session)
    if (state.uid !== null) this.users.add(state.uid, session)
    if (from !== inStore) this.#metrics.count('sessionsMovedIn')
    prepare(session)
    this.emit('movedIn', session, from)
    return session
  }

  /** Ends a session on purpose. `reason` is told to the client; null: the client sees only the close code. */
  kick(session: Session, reason: string | null): void {
    this.end(session, { code: closeCodes.kicked, reason: reason ?? 'kicked', kickReason: reason })
  }

  /** Ends a session whose client sends more than its limits allow. */
  endFlooded(session: Session): void {
    this.#metrics.count('sessionsFlooded')
    this.end(session, { code: closeCodes.flooded, reason: 'flooded', kickReason: null })
  }

  #replaceAll(uid: string): void {
    if (this.#singleSession === 'off') return
    for (const other of this.findByUid(uid)) this.end(other, replaced)
  }

  #setUid(session: Session, uid: string, viewId: number): void {
    this.users.add(uid, session)
    session.setUid(uid, viewId)
  }

  #forgetUid(session: Session, uid: string): void {
    this.users.remove(uid, session)
    this.claimed?.release(uid, session.sid)
  }
}
