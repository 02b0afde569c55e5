/**
 * Access to all sessions, from any worker: finds, changes and ends them.
 * The rules are the same as for a request's own session. The names are those of Pinus. The promise methods
 * are the implementation; the callback methods are made from them.
 */
import {
  expectFrontendId,
  expectKey,
  expectObject,
  expectOneFrontendId,
  expectReason,
  expectSettings,
  expectSid,
  expectUid
} from '../../shared/check.js'
import { describeValue } from '../../shared/text/described.js'
import { encodeValue } from '../../shared/values/codec.js'
import type { AnySettings } from '../../shared/values/session-settings.js'
import type { SessionText } from '../../shared/values/session-text.js'
import { formatSetting } from '../../shared/values/settings-text.js'
import type { SessionOperations } from '../operations/session-operations.js'
import { nextViewId, SessionView } from '../operations/session-view.js'
import { BackendSession } from './backend-session.js'
import { type Callback, settle } from './callback.js'

type Key = keyof AnySettings & string

/** Plain data from which `create` makes a BackendSession, such as the result of `export()`. */
export interface SessionInit {
  /** The session's number in its gateway. */
  readonly id: number
  /** The name of the gateway that owns the session. */
  readonly frontendId: string
  /**
   * The user that the session is bound to.
   *
   * @defaultValue `null`
   */
  readonly uid?: string | null
  /**
   * The session's keys and values.
   *
   * @defaultValue no keys
   */
  readonly settings?: Partial<AnySettings>
}

/** @internal An object that holds the service of a session. */
export interface ServiceSource {
  readonly service: BackendSessionService
}

/**
 * Access to all sessions. Handlers have it as `context.sessions` and `app.sessions`.
 *
 * In a cluster these are the sessions of all gateways, by the same rules. A `frontendId` names the gateway of
 * a session; a session that has moved to another gateway is found by its old address too. An operation on a
 * session of another gateway may also fail with `CLUSTER_UNAVAILABLE` (not done: the gateway has no
 * connection to the cluster, or too much waits for the other one), `CLUSTER_TIMEOUT` (no answer within
 * `clusterTimeout`, so that it may have been done or not), `FRONTEND_LOST` (that gateway has ended meanwhile)
 * and `CLUSTER_UNSUPPORTED` (it runs an older version, which does not know the operation).
 *
 * The methods that begin with `a` return promises. An unhandled rejection does not end the worker: it is
 * logged and counted. The other methods take a Node-style callback as their last argument.
 */
export class BackendSessionService {
  readonly #operations: SessionOperations
  readonly #source: ServiceSource = { service: this }

  /** @internal */
  constructor(operations: SessionOperations) {
    this.#operations = operations
  }

  /**
   * Creates a BackendSession from plain data, without asking the gateway. It can push like any other
   * BackendSession. Its `acommit` fails with `CONFLICT` for each key that others have ever changed, because
   * it does not know when the data was read.
   *
   * @throws `UID_INVALID`, `KEY_INVALID`, `VALUE_NOT_SERIALIZABLE`, `FRONTEND_UNKNOWN`; TypeError for other
   * invalid data
   */
  create<Settings = AnySettings>(init: SessionInit): BackendSession<Settings> {
    const { id, frontendId, uid = null, settings = {} } = expectObject(init, 'what a session is made of')
    if (!Number.isSafeInteger(id))
      throw new TypeError(`Expected id to be a session's number, got ${describeValue(id)}`)
    expectOneFrontendId(frontendId)
    let texts = ''
    for (const [key, value] of Object.entries(expectSettings(settings)))
      texts += formatSetting(expectKey(key), encodeValue(key, value))
    if (uid !== null) expectUid(uid)
    return this.#session(frontendId, { sid: id, uid, version: 0, settings: texts, isConnected: false })
  }

  /**
   * Reads the current state of a session by its number. Resolves with undefined if there is no such session.
   *
   * @throws `FRONTEND_UNKNOWN`
   */
  aget<Settings = AnySettings>(
    frontendId: string,
    sid: number | string
  ): Promise<BackendSession<Settings> | undefined> {
    return this.#operations.promised('get', '', async () => {
      const text = await this.#operations.read(expectOneFrontendId(frontendId), expectSid(sid))
      return text === undefined ? undefined : this.#session(text.frontendId, text)
    })
  }

  /**
   * Reads the current state of all sessions of a user in that gateway. Resolves with an empty array if there
   * are none.
   *
   * @param frontendId the gateway's name, or `'*'` for all gateways; then it rejects if one of them does not
   * answer
   * @throws `UID_INVALID`, `FRONTEND_UNKNOWN`
   */
  agetByUid<Settings = AnySettings>(frontendId: string, uid: string): Promise<BackendSession<Settings>[]> {
    return this.#operations.promised('getByUid', uid, async () => {
      const texts = await this.#operations.readByUid(expectFrontendId(frontendId), expectUid(uid))
      return texts.map(text => this.#session<Settings>(text.frontendId, text))
    })
  }

  /**
   * Ends a session. Does nothing if there is no such session.
   *
   * @param reason shown to the client; at most 1,024 bytes
   * @throws `FRONTEND_UNKNOWN`; TypeError for an invalid reason
   */
  akickBySid(frontendId: string, sid: number | string, reason?: string): Promise<void> {
    return this.#operations.promised('kickBySid', '', () =>
      this.#operations.kick(expectOneFrontendId(frontendId), expectSid(sid), expectReason(reason))
    )
  }

  /**
   * Ends all sessions of a user in that gateway. Does nothing if there are none.
   *
   * @param frontendId the gateway's name, or `'*'` for all gateways, and for sessions that only NATS has
   * @param reason shown to the clients; at most 1,024 bytes
   * @throws `UID_INVALID`, `FRONTEND_UNKNOWN`, `KICK_NOT_KEPT`; TypeError for an invalid reason
   */
  akickByUid(frontendId: string, uid: string, reason?: string): Promise<void> {
    return this.#operations.promised('kickByUid', uid, () =>
      this.#operations.kickByUid(expectFrontendId(frontendId), expectUid(uid), expectReason(reason))
    )
  }

  /**
   * Binds a session to a user.
   *
   * @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`,
   * `CLUSTER_UNAVAILABLE`
   */
  abind(frontendId: string, sid: number | string, uid: string): Promise<void> {
    return this.#operations.promised('bind', uid, () =>
      this.#operations.bind(bareView(frontendId, sid), expectUid(uid))
    )
  }

  /**
   * Unbinds a session from the user that it is bound to.
   *
   * @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`
   */
  aunbind(frontendId: string, sid: number | string, uid: string): Promise<void> {
    return this.#operations.promised('unbind', uid, () =>
      this.#operations.unbind(bareView(frontendId, sid), expectUid(uid))
    )
  }

  /**
   * Sets one key of a session.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`
   */
  apush<K extends Key>(
    frontendId: string,
    sid: number | string,
    key: K,
    value: AnySettings[K]
  ): Promise<void> {
    return this.#operations.asked('push', key, () => {
      const text = encodeValue(expectKey(key), value)
      return this.#operations.apush(bareView(frontendId, sid), key, text)
    })
  }

  /**
   * Sets several keys of a session, all or none. Other keys keep their values.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`
   */
  apushAll(frontendId: string, sid: number | string, settings: Partial<AnySettings>): Promise<void> {
    return this.#operations.asked('pushAll', '', () => {
      const texts = new Map<string, string>()
      for (const [key, value] of Object.entries(expectSettings(settings)))
        texts.set(expectKey(key), encodeValue(key, value))
      return this.#operations.apushAll(bareView(frontendId, sid), texts)
    })
  }

  /** Variant of `aget` with a callback. */
  get(frontendId: string, sid: number | string, done: Callback<BackendSession | undefined>): void {
    settle(this.aget(frontendId, sid), done)
  }

  /** Variant of `agetByUid` with a callback. */
  getByUid(frontendId: string, uid: string, done: Callback<BackendSession[]>): void {
    settle(this.agetByUid(frontendId, uid), done)
  }

  /** Variant of `akickBySid` with an optional callback. */
  kickBySid(frontendId: string, sid: number | string, reason?: string | Callback, done?: Callback): void {
    const [why, then] = typeof reason === 'function' ? [undefined, reason] : [reason, done]
    settle(this.akickBySid(frontendId, sid, why), then)
  }

  /** Variant of `akickByUid` with an optional callback. */
  kickByUid(frontendId: string, uid: string, reason?: string | Callback, done?: Callback): void {
    const [why, then] = typeof reason === 'function' ? [undefined, reason] : [reason, done]
    settle(this.akickByUid(frontendId, uid, why), then)
  }

  /** Variant of `abind` with an optional callback. */
  bind(frontendId: string, sid: number | string, uid: string, done?: Callback): void {
    settle(this.abind(frontendId, sid, uid), done)
  }

  /** Variant of `aunbind` with an optional callback. */
  unbind(frontendId: string, sid: number | string, uid: string, done?: Callback): void {
    settle(this.aunbind(frontendId, sid, uid), done)
  }

  /** Variant of `apush` with an optional callback. */
  push<K extends Key>(
    frontendId: string,
    sid: number | string,
    key: K,
    value: AnySettings[K],
    done?: Callback
  ): void {
    settle(this.apush(frontendId, sid, key, value), done)
  }

  /** Variant of `apushAll` with an optional callback. */
  pushAll(frontendId: string, sid: number | string, settings: Partial<AnySettings>, done?: Callback): void {
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

/** Returns a view of a session from its address alone. This suffices for operations on the session. */
function bareView(frontendId: string, sid: number | string): SessionView {
  const address = { frontendId: expectOneFrontendId(frontendId), sid: expectSid(sid) }
  const unknown = { uid: null, version: 0, settings: '', isConnected: false }
  return new SessionView({ viewId: nextViewId(), ...address, ...unknown })
}
