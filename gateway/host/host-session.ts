/**
 * A live view of a session, for the gateway's host: never a copy.
 *
 * Reading a value decodes it. A change is visible to the next request of the session. Requests that are
 * running keep the values that they started with, and treat the change as made by somebody else.
 */
import { EventEmitter } from 'node:events'
import { expectKey } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { Session } from '../sessions/session.js'

export interface HostSessionEvents {
  bind: [uid: string]
  unbind: [uid: string]
  /** Emitted exactly once. The session still has its uid and its settings. */
  closed: [reason: string]
}

export class HostSession extends EventEmitter<HostSessionEvents> {
  readonly #session: Session
  readonly #limits: SettingsLimits

  /** @internal Sessions come from `gateway.sessions`. */
  constructor(session: Session, limits: SettingsLimits) {
    super()
    this.#session = session
    this.#limits = limits
  }

  get id(): number {
    return this.#session.sid
  }

  get frontendId(): string {
    return this.#session.frontendId
  }

  get uid(): string | null {
    return this.#session.uid
  }

  get isOpen(): boolean {
    return this.#session.isOpen
  }

  /**
   * Whether the client is connected at the moment. While the session is open, a client that is away may come
   * back.
   */
  get isConnected(): boolean {
    return this.#session.receiver?.isConnected === true
  }

  /** A copy of all settings, without a prototype. */
  get settings(): Record<string, unknown> {
    return this.#session.settings
  }

  get(key: string): unknown {
    return this.#session.get(key)
  }

  /**
   * @throws `KEY_INVALID`, `VALUE_NOT_SERIALIZABLE`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`
   */
  set(key: string, value: unknown): void {
    this.#change(expectKey(key), encodeValue(key, value))
  }

  /** @throws `KEY_INVALID`, `SESSION_NOT_FOUND` */
  remove(key: string): void {
    this.#change(expectKey(key), '')
  }

  #change(key: string, text: string): void {
    if (!this.#session.isOpen) throw errors.sessionNotFound(this.#session.sid)
    const error = this.#session.changeKey(key, text, 0, this.#limits)
    if (error !== undefined) throw error
  }
}
