/**
 * A live view of a session, for the gateway's host: never a copy.
 *
 * Reading a value decodes it. A change is visible to the next request of the session. Requests that are
 * running keep the values that they started with, and treat the change as made by somebody else.
 */
import { EventEmitter } from 'node:events'
import { expectKey, expectResumeWindow } from '../../shared/check.js'
import { errors, type GatewayError } from '../../shared/errors.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { HostSettings } from '../../shared/values/session-settings.js'
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'

type Key = keyof HostSettings & string

export interface HostSessionEvents {
  bind: [uid: string]
  unbind: [uid: string]
  /** Emitted when another gateway of the cluster has taken over: its `frontendId`. There is no `closed`. */
  moved: [to: string]
  /** Emitted exactly once, in the gateway where it ends. The session still has its uid and its settings. */
  closed: [reason: string]
}

export class HostSession extends EventEmitter<HostSessionEvents> {
  readonly #session: Session
  readonly #registry: Pick<Registry, 'setResumeWindow' | 'author' | 'isLeaving'>
  readonly #limits: SettingsLimits

  /** @internal Sessions come from `gateway.sessions`. */
  constructor(
    session: Session,
    registry: Pick<Registry, 'setResumeWindow' | 'author' | 'isLeaving'>,
    limits: SettingsLimits
  ) {
    super()
    this.#session = session
    this.#registry = registry
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
  get settings(): Partial<HostSettings> {
    return this.#session.settings
  }

  get<K extends Key>(key: K): HostSettings[K] | undefined {
    return this.#session.get(key)
  }

  /**
   * @throws `KEY_INVALID`, `VALUE_NOT_SERIALIZABLE`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`
   */
  set<K extends Key>(key: K, value: HostSettings[K]): void {
    this.#change(expectKey(key), encodeValue(key, value))
  }

  /** @throws `KEY_INVALID`, `SESSION_NOT_FOUND` */
  remove(key: Key): void {
    this.#change(expectKey(key), '')
  }

  /**
   * Sets the milliseconds that the session waits for its client, from the loss of its connection on; null:
   * the options. Holds for a wait under way, too.
   *
   * @throws `RESUME_WINDOW_INVALID`, `SESSION_NOT_FOUND`
   */
  setResumeWindow(ms: number | null): void {
    throwIfRefused(this.#registry.setResumeWindow(this.#open, expectResumeWindow(ms)))
  }

  #change(key: string, text: string): void {
    throwIfRefused(this.#open.changeKey(key, text, 0, this.#limits, this.#registry.author(null)))
  }

  get #open(): Session {
    const { isOpen, sid } = this.#session
    // What is set while the session is on its way to another gateway would be missing there.
    if (!isOpen || this.#registry.isLeaving(sid)) throw errors.sessionNotFound(sid)
    return this.#session
  }
}

/** Throws the error of an operation that was refused. */
export function throwIfRefused(error: GatewayError | undefined): void {
  if (error !== undefined) throw error
}
