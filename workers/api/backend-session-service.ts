/**
 * Sessions other than the request's own: found by number or uid, changed, ended. From any worker, about any session
 * of the gateway, by the rules that hold for the request's own session. Pinus' names; the promise is the
 * implementation, the callback forms are made of it.
 */
import {
  describeValue,
  expectFrontendId,
  expectKey,
  expectObject,
  expectReason,
  expectUid
} from '../../shared/check.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { SessionText } from '../../shared/values/session-text.js'
import { formatSetting } from '../../shared/values/settings-text.js'
import type { SessionOperations } from '../operations/session-operations.js'
import { nextViewId, SessionView } from '../operations/session-view.js'
import { type AnySettings, BackendSession } from './backend-session.js'
import { type Callback, settle } from './callback.js'

/** What `create` makes a BackendSession of: what `export` gave. */
export interface SessionInit {
  readonly id: number
  readonly frontendId: string
  readonly uid?: string | null
  readonly settings?: AnySettings
}

/** What has the service in whose name a session was found, or was handed out. */
export interface ServiceSource {
  readonly service: BackendSessionService
}

export class BackendSessionService {
  readonly #operations: SessionOperations
  readonly #source: ServiceSource = { service: this }

  /** @internal */
  constructor(operations: SessionOperations) {
    this.#operations = operations
  }

  /** A BackendSession of plain data, without asking the gateway. Pushing from it works as from any other. */
  create<Settings = AnySettings>(init: SessionInit): BackendSession<Settings> {
    const { id, frontendId, uid = null, settings = {} } = expectObject(init, 'what a session is made of')
    if (!Number.isSafeInteger(id))
      throw new TypeError(`Expected id to be a session's number, got ${describeValue(id)}`)
    expectFrontendId(frontendId)
    let texts = ''
    for (const key of Object.keys(expectObject(settings, 'settings')))
      texts += formatSetting(key, encodeValue(key, settings[key]))
    return this.#session(frontendId, { sid: id, uid, version: 0, settings: texts })
  }

  /** The session of that number as it is now; undefined where there is none. */
  aget<Settings = AnySettings>(
    frontendId: string,
    sid: number | string
  ): Promise<BackendSession<Settings> | undefined> {
    return this.#operations.promised('get', '', async () => {
      const text = await this.#operations.read(expectFrontendId(frontendId), Number(sid))
      return text === undefined ? undefined : this.#session(frontendId, text)
    })
  }

  /** All sessions of a user in that gateway; an empty array where there are none. */
  agetByUid<Settings = AnySettings>(frontendId: string, uid: string): Promise<BackendSession<Settings>[]> {
    return this.#operations.promised('getByUid', uid, async () => {
      const texts = await this.#operations.readByUid(expectFrontendId(frontendId), expectUid(uid))
      return texts.map(text => this.#session<Settings>(frontendId, text))
    })
  }

  /** Ends a session. `reason` is told to its client. Of one that is not there: succeeds and does nothing. */
  akickBySid(frontendId: string, sid: number | string, reason?: string): Promise<void> {
    return this.#operations.promised('kickBySid', '', () =>
      this.#operations.kick(expectFrontendId(frontendId), Number(sid), expectReason(reason))
    )
  }

  /** Ends all sessions of a user in that gateway. Of a user who is not there: succeeds and does nothing. */
  akickByUid(frontendId: string, uid: string, reason?: string): Promise<void> {
    return this.#operations.promised('kickByUid', uid, () =>
      this.#operations.kickByUid(expectFrontendId(frontendId), expectUid(uid), expectReason(reason))
    )
  }

  /** @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND` */
  abind(frontendId: string, sid: number, uid: string): Promise<void> {
    return this.#operations.promised('bind', uid, () =>
      this.#operations.bind(bareView(frontendId, sid), expectUid(uid))
    )
  }

  /** @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND` */
  aunbind(frontendId: string, sid: number, uid: string): Promise<void> {
    return this.#operations.promised('unbind', uid, () =>
      this.#operations.unbind(bareView(frontendId, sid), expectUid(uid))
    )
  }

  /**
   * Sets one key of a session.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND`
   */
  apush(frontendId: string, sid: number, key: string, value: unknown): Promise<void> {
    return this.#operations.asked('push', key, () => {
      const text = encodeValue(expectKey(key), value)
      return this.#operations.apush(bareView(frontendId, sid), key, text)
    })
  }

  /**
   * Sets several keys of a session, all or none; those that are not named stay.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND`
   */
  apushAll(frontendId: string, sid: number, settings: Record<string, unknown>): Promise<void> {
    return this.#operations.asked('pushAll', '', () => {
      const texts = new Map<string, string>()
      for (const key of Object.keys(expectObject(settings, 'settings')))
        texts.set(expectKey(key), encodeValue(key, settings[key]))
      return this.#operations.apushAll(bareView(frontendId, sid), texts)
    })
  }

  get(frontendId: string, sid: number | string, done: Callback<BackendSession | undefined>): void {
    settle(this.aget(frontendId, sid), done)
  }

  getByUid(frontendId: string, uid: string, done: Callback<BackendSession[]>): void {
    settle(this.agetByUid(frontendId, uid), done)
  }

  kickBySid(frontendId: string, sid: number | string, reason?: string | Callback, done?: Callback): void {
    const [why, then] = typeof reason === 'function' ? [undefined, reason] : [reason, done]
    settle(this.akickBySid(frontendId, sid, why), then)
  }

  kickByUid(frontendId: string, uid: string, reason?: string | Callback, done?: Callback): void {
    const [why, then] = typeof reason === 'function' ? [undefined, reason] : [reason, done]
    settle(this.akickByUid(frontendId, uid, why), then)
  }

  bind(frontendId: string, sid: number, uid: string, done?: Callback): void {
    settle(this.abind(frontendId, sid, uid), done)
  }

  unbind(frontendId: string, sid: number, uid: string, done?: Callback): void {
    settle(this.aunbind(frontendId, sid, uid), done)
  }

  push(frontendId: string, sid: number, key: string, value: unknown, done?: Callback): void {
    settle(this.apush(frontendId, sid, key, value), done)
  }

  pushAll(frontendId: string, sid: number, settings: Record<string, unknown>, done?: Callback): void {
    settle(this.apushAll(frontendId, sid, settings), done)
  }

  #session<Settings>(frontendId: string, text: SessionText): BackendSession<Settings> {
    return new BackendSession<Settings>(
      new SessionView({ viewId: nextViewId(), frontendId, ...text }),
      this.#operations,
      this.#source
    )
  }
}

/** A session of which only the address is known: enough to send operations about it. */
function bareView(frontendId: string, sid: number): SessionView {
  const address = { frontendId: expectFrontendId(frontendId), sid: Number(sid) }
  return new SessionView({ viewId: nextViewId(), ...address, uid: null, version: 0, settings: '' })
}
