/** The gateway's sessions for its host, by Pinus' names: found, bound, ended and sent to. */
import { EventEmitter } from 'node:events'
import { expectReason, expectUid } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import { createEvent } from '../events/event.js'
import type { ClientAddress } from '../options/options.js'
import { sendToAll } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import { HostSession } from './host-session.js'

export interface SessionServiceEvents {
  bind: [session: HostSession, uid: string]
  unbind: [session: HostSession, uid: string]
  /** Exactly once for each session; it still has its uid and its settings. */
  closed: [session: HostSession, reason: string]
}

export class SessionService extends EventEmitter<SessionServiceEvents> {
  readonly #registry: Registry
  readonly #limits: SettingsLimits
  readonly #log: Logger
  readonly #faces = new WeakMap<Session, HostSession>()

  /** @internal */
  constructor(registry: Registry, limits: SettingsLimits, log: Logger) {
    super()
    this.#registry = registry
    this.#limits = limits
    this.#log = log
    registry.on('bind', (session, uid) => this.#tell('bind', session, uid))
    registry.on('unbind', (session, uid) => this.#tell('unbind', session, uid))
    registry.on('closed', (session, reason) => this.#tell('closed', session, reason))
  }

  /** The session of that number; undefined where there is none. */
  get(sid: number): HostSession | undefined {
    const session = this.#registry.find(sid)
    return session && this.#face(session)
  }

  /** All sessions of a user; an empty array where there are none. */
  getByUid(uid: string): HostSession[] {
    return this.#registry.findByUid(uid).map(session => this.#face(session))
  }

  /** @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND` */
  bind(sid: number, uid: string): void {
    const error = this.#registry.bind(this.#expect(sid), expectUid(uid))
    if (error !== undefined) throw error
  }

  /** @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND` */
  unbind(sid: number, uid: string): void {
    const error = this.#registry.unbind(this.#expect(sid), expectUid(uid))
    if (error !== undefined) throw error
  }

  /**
   * Ends all sessions of a user. `reason` is told to the clients. Of a user who is not there: does nothing.
   */
  kick(uid: string, reason?: string): void {
    const told = expectReason(reason)
    for (const session of this.#registry.findByUid(uid)) this.#registry.kick(session, told)
  }

  /** Ends a session. Of one that is not there: does nothing. */
  kickBySessionId(sid: number, reason?: string): void {
    const told = expectReason(reason)
    const session = this.#registry.find(sid)
    if (session !== undefined) this.#registry.kick(session, told)
  }

  /** Where the session's client is connected from; undefined where there is no such session. */
  getClientAddressBySessionId(sid: number): ClientAddress | undefined {
    return this.#registry.find(sid)?.receiver?.address
  }

  /** Sends an event to a session's client. False where there is no such session. */
  sendMessage(sid: number, event: string, body?: unknown): boolean {
    const created = createEvent(event, body)
    const session = this.#registry.find(sid)
    session?.receiver?.event(created)
    return session !== undefined
  }

  /** Sends an event to all sessions of a user. False where there are none. */
  sendMessageByUid(uid: string, event: string, body?: unknown): boolean {
    const created = createEvent(event, body)
    const sessions = this.#registry.findByUid(uid)
    sendToAll(sessions, created)
    return sessions.length > 0
  }

  /** Calls `visit` for each session. Sessions that it opens or ends do not disturb the walk. */
  forEachSession(visit: (session: HostSession) => void): void {
    for (const session of this.#registry.all()) visit(this.#face(session))
  }

  /** The same, for those that are bound to a user. */
  forEachBoundSession(visit: (session: HostSession) => void): void {
    for (const session of this.#registry.all()) if (session.uid !== null) visit(this.#face(session))
  }

  getSessionsCount(): number {
    return this.#registry.size
  }

  /**
   * Tells the session's own listeners, then those of all. One that throws is the host's fault, and nobody
   * else's.
   */
  #tell(event: 'bind' | 'unbind' | 'closed', session: Session, text: string): void {
    try {
      this.#faces.get(session)?.emit(event, text)
      if (this.listenerCount(event) > 0) this.emit(event, this.#face(session), text)
    } catch (error) {
      this.#log.error('A listener of the host failed', { event, sid: session.sid, error })
    }
  }

  #expect(sid: number): Session {
    const session = this.#registry.find(sid)
    if (session === undefined) throw errors.sessionNotFound(sid)
    return session
  }

  #face(session: Session): HostSession {
    let face = this.#faces.get(session)
    if (face === undefined) {
      face = new HostSession(session, this.#limits)
      this.#faces.set(session, face)
    }
    return face
  }
}
