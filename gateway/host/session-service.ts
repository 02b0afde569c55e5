/**
 * The sessions of the gateway, for its host. The methods have the names that Pinus uses.
 *
 * Finds, binds and ends sessions, and sends events to them. The host sees a session as a HostSession.
 */
import { EventEmitter } from 'node:events'
import { allGateways } from '../../shared/address.js'
import { expectReason, expectUid, isThenable } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import { createEvent } from '../events/event.js'
import type { ClientAddress } from '../options/options.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { HostRecipient } from './host-events.js'
import { addressOf, deliver } from './host-names.js'
import type { HostOperations } from './host-operations.js'
import { HostSession, type HostSessionEvents, throwIfRefused } from './host-session.js'

export interface SessionServiceEvents {
  bind: [session: HostSession, uid: string]
  unbind: [session: HostSession, uid: string]
  /**
   * Emitted when another gateway of the cluster has taken over a session, with that gateway's `frontendId`,
   * or with `(store)` when the session was parked. It still has its uid and its settings, and can't be
   * changed here any more. There is no `closed`.
   */
  moved: [session: HostSession, to: string]
  /**
   * Emitted when a session of another gateway goes on here, with that gateway's `frontendId`, or with
   * `(store)` if the session was restored or had been parked. There is no `bind`.
   */
  movedIn: [session: HostSession, from: string]
  /** Emitted exactly once for each session, where it ends. The session still has its uid and settings. */
  closed: [session: HostSession, reason: string]
}

/** @internal */
export interface SessionServiceInit {
  readonly registry: Registry
  readonly limits: SettingsLimits
  readonly metrics: Metrics
  readonly log: Logger
  readonly operations: HostOperations
  readonly frontendId: string
}

// LOCAL-SESSIONS: as with Pinus' SessionService, a number or a uid names sessions of this gateway only, and
// every method answers at once.
export class SessionService extends EventEmitter<SessionServiceEvents> {
  readonly #init: SessionServiceInit
  readonly #registry: Registry
  readonly #operations: HostOperations
  readonly #hostSessions = new WeakMap<Session, HostSession>()

  /** @internal */
  constructor(init: SessionServiceInit) {
    super()
    const { registry, operations } = init
    this.#init = init
    this.#operations = operations
    this.#registry = registry
    registry.on('bind', (session, uid) => this.#tellBoth('bind', session, uid))
    registry.on('unbind', (session, uid) => this.#tellBoth('unbind', session, uid))
    registry.on('moved', (session, to) => this.#tellBoth('moved', session, to))
    registry.on('movedIn', (session, from) => this.#tellAll('movedIn', session, from))
    registry.on('closed', (session, reason) => this.#tellBoth('closed', session, reason))
  }

  /** Returns the session with this number; undefined if there is none. */
  get(sid: number): HostSession | undefined {
    const session = this.#registry.find(sid)
    return session && this.#hostSessionOf(session)
  }

  /** Returns all sessions of a user; an empty array if there are none. */
  getByUid(uid: string): HostSession[] {
    return this.#registry.findByUid(uid).map(session => this.#hostSessionOf(session))
  }

  /**
   * Binds a session to a user at once. In a cluster whose option `singleSession` is `kick` or `reject`, the
   * other gateways have to agree first: use `abind` there.
   *
   * @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND`; `CLUSTER_UNAVAILABLE` where
   * only `abind` can do it
   */
  bind(sid: number, uid: string): void {
    const session = this.#expect(sid)
    const checked = expectUid(uid)
    if (this.#registry.claimed !== undefined)
      throw errors.clusterUnavailable('a bind', 'it has to wait for other gateways; use `abind`')
    throwIfRefused(this.#registry.bind(session, checked))
  }

  /**
   * Binds a session to a user. Resolves when that is done; in a cluster after the other gateways have agreed,
   * within `claimTimeout`.
   *
   * @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND`, `CLUSTER_UNAVAILABLE`
   */
  async abind(sid: number, uid: string): Promise<void> {
    const { claimed = this.#registry } = this.#registry
    throwIfRefused(await claimed.bind(this.#expect(sid), expectUid(uid)))
  }

  /**
   * Unbinds a session from its user at once.
   *
   * @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND`
   */
  unbind(sid: number, uid: string): void {
    throwIfRefused(this.#registry.unbind(this.#expect(sid), expectUid(uid)))
  }

  /**
   * Unbinds a session from its user, behind a bind of the session that is under way.
   *
   * @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND`
   */
  async aunbind(sid: number, uid: string): Promise<void> {
    const { claimed = this.#registry } = this.#registry
    throwIfRefused(await claimed.unbind(this.#expect(sid), expectUid(uid)))
  }

  /** Ends all sessions of a user, and tells their clients the reason. Does nothing if there are none. */
  kick(uid: string, reason?: string): void {
    const checked = expectReason(reason)
    for (const session of this.#registry.findByUid(uid)) this.#registry.kick(session, checked)
  }

  /**
   * Ends a session, or all sessions of a user, in whichever gateways of the cluster, and tells their clients
   * the reason. Resolves when that is done; it is no error if there is none.
   *
   * @param to a uid, or a session, its number or its address. By a uid, sessions that only NATS has end, too
   * @throws `UID_INVALID`, `FRONTEND_UNKNOWN`, `CLUSTER_UNAVAILABLE`, `CLUSTER_TIMEOUT`, `FRONTEND_LOST`,
   * `KICK_NOT_KEPT`, TypeError for an invalid recipient or reason
   */
  async akick(to: HostRecipient, reason?: string): Promise<void> {
    const checked = expectReason(reason)
    if (typeof to === 'string') {
      const uid = expectUid(to)
      const all = { rid: 0, frontendId: allGateways }
      await this.#operations.call(({ sessions }, ack) => sessions.kickByUid({ ...all, ack }, uid, checked))
      return
    }
    const { frontendId, sid } = addressOf(to, this.#init, true)
    await this.#operations.call(({ sessions }, ack) =>
      sessions.kick({ rid: 0, viewId: 0, ack, frontendId, sid }, checked)
    )
  }

  /** Ends a session, and tells its client the reason. Does nothing if there is no such session. */
  kickBySessionId(sid: number, reason?: string): void {
    const checked = expectReason(reason)
    const session = this.#registry.findRecipient(sid)
    if (session !== undefined) this.#registry.kick(session, checked)
  }

  /** Returns the address of the session's client; undefined if there is no such session. */
  getClientAddressBySessionId(sid: number): ClientAddress | undefined {
    return this.#registry.find(sid)?.receiver?.address
  }

  /** Sends an event to a session's client. Returns false if there is no such session. */
  sendMessage(sid: number, event: string, body?: unknown): boolean {
    const created = createEvent(event, body)
    const session = this.#registry.findRecipient(sid)
    deliver(this.#init, session === undefined ? [] : [session], created)
    return session !== undefined
  }

  /** Sends an event to all sessions of a user. Returns false if there are none. */
  sendMessageByUid(uid: string, event: string, body?: unknown): boolean {
    const created = createEvent(event, body)
    const sessions = this.#registry.findByUid(uid)
    deliver(this.#init, sessions, created)
    return sessions.length > 0
  }

  /** Calls `visit` for each session. Sessions may begin or end meanwhile: the list is a copy. */
  forEachSession(visit: (session: HostSession) => void): void {
    for (const session of this.#registry.all()) visit(this.#hostSessionOf(session))
  }

  /** Calls `visit` for each session that is bound to a user. */
  forEachBoundSession(visit: (session: HostSession) => void): void {
    for (const session of this.#registry.all()) if (session.uid !== null) visit(this.#hostSessionOf(session))
  }

  getSessionsCount(): number {
    return this.#registry.size
  }

  /** Tells the session's own listeners, then the listeners of all sessions. */
  #tellBoth(event: keyof HostSessionEvents, session: Session, text: string): void {
    const own = this.#hostSessions.get(session)
    if (own !== undefined) this.#tell(own, event, session, text)
    this.#tellAll(event, session, text)
  }

  #tellAll(event: keyof SessionServiceEvents, session: Session, text: string): void {
    if (this.listenerCount(event) > 0) this.#tell(this, event, session, this.#hostSessionOf(session), text)
  }

  /** Calls the listeners of an event. One that throws or rejects is logged, and affects nothing else. */
  #tell(emitter: EventEmitter, event: string, { sid }: Session, ...told: unknown[]): void {
    const failed = (error: unknown) =>
      this.#init.log.error('A listener of the host failed', { event, sid, error })
    for (const listener of emitter.rawListeners(event)) {
      try {
        const result: unknown = Reflect.apply(listener, emitter, told)
        if (isThenable(result)) Promise.resolve(result).catch(failed)
      } catch (error) {
        failed(error)
      }
    }
  }

  #expect(sid: number): Session {
    const session = this.#registry.find(sid)
    if (session === undefined) throw errors.sessionNotFound(sid)
    return session
  }

  #hostSessionOf(session: Session): HostSession {
    let hostSession = this.#hostSessions.get(session)
    if (hostSession === undefined) {
      hostSession = new HostSession(session, this.#registry, this.#init.limits)
      this.#hostSessions.set(session, hostSession)
    }
    return hostSession
  }
}
