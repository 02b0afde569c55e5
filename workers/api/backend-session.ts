/**
 * A handler's copy of a session, made for one request.
 * Reads and changes are local; a change that is not pushed is lost when the request ends. The copy is backed
 * by the view that the requests of a turn share. The promise methods are the implementation; one adapter,
 * `settle`, makes the callback methods of the specification from them.
 */
import { expectFunction, expectKey, expectResumeWindow, expectUid, isThenable } from '../../shared/check.js'
import { decodeValue, encodeValue } from '../../shared/values/codec.js'
import type { AnySettings } from '../../shared/values/session-settings.js'
import type { SessionSnapshot } from '../../shared/values/snapshot.js'
import { LocalSettings } from '../operations/local-settings.js'
import type { SessionOperations } from '../operations/session-operations.js'
import type { SessionView } from '../operations/session-view.js'
import type { BackendSessionService, ServiceSource } from './backend-session-service.js'
import { type Callback, isCallback, settle } from './callback.js'

type Key<Settings> = keyof Settings & string

/** @internal Whether a key has a value, and not null. Decodes none: the service's changes stay visible. */
export let holdsValue: (session: BackendSession, key: string) => boolean

/**
 * A handler's copy of a session. The session itself is in the gateway. Reads are local, and a change stays
 * local until it is pushed.
 *
 * The methods that begin with `a` return promises. An unhandled rejection does not end the worker: it is
 * logged and counted. Every operation may also fail with `TOO_MANY_OPERATIONS`, or with `REQUEST_ENDED` after
 * the request's timeout.
 *
 * @typeParam Settings - The session's keys and the types of their values. Without it, `SessionSettings` or
 * `any`.
 */
export class BackendSession<Settings = AnySettings> {
  static {
    holdsValue = (session, key) => session.#local.holds(key)
  }

  /** The session's number in its gateway. Numbers are never used again. */
  readonly id: number
  /** The name of the gateway that owns the session. */
  readonly frontendId: string
  /** The user that the session is bound to; null if it is bound to none. */
  uid: string | null
  /**
   * Whether the client was connected when the request was handed out, or when the service read the session.
   * False for a client that is away and may come back, and for a session that `create` has made.
   */
  readonly isConnected: boolean

  readonly #view: SessionView
  readonly #operations: SessionOperations
  readonly #source: ServiceSource
  readonly #local: LocalSettings

  /** @internal Sessions come with a request, or from a BackendSessionService. */
  constructor(view: SessionView, operations: SessionOperations, source: ServiceSource) {
    this.id = view.address.sid
    this.frontendId = view.address.frontendId
    this.uid = view.uid
    this.isConnected = view.isConnected
    this.#view = view
    this.#operations = operations
    this.#source = source
    this.#local = new LocalSettings(view)
  }

  /** The service that this session came from, as Pinus' documentation spells it. */
  get ___sessionService__(): BackendSessionService {
    return this.#source.service
  }

  /** The service that this session came from, as Pinus' code spells it. */
  get __sessionService__(): BackendSessionService {
    return this.#source.service
  }

  /**
   * All keys and values, as an object without a prototype. It is a local copy, and assigning to `settings`
   * replaces it. A key that is missing from it is not deleted in the gateway; use `remove` for that.
   */
  get settings(): Partial<Settings> {
    return this.#local.all() as Partial<Settings>
  }

  set settings(settings: Partial<Settings>) {
    this.#local.replace(settings)
  }

  /**
   * Returns the current value of a key; undefined if there is no such key. Each request gets its own copy of
   * the value.
   */
  get<K extends Key<Settings>>(key: K): Settings[K] | undefined {
    return this.#local.get(key) as Settings[K] | undefined
  }

  /**
   * Sets a key in the local copy.
   *
   * @throws `KEY_INVALID`
   */
  set<K extends Key<Settings>>(key: K, value: Settings[K]): void {
    this.#local.put(expectKey(key), 'set', value)
  }

  /**
   * Deletes a key from the local copy. Pushing the key, or `pushAll`, then deletes it in the gateway.
   *
   * @throws `KEY_INVALID`
   */
  remove<K extends Key<Settings>>(key: K): void {
    this.#local.put(expectKey(key), 'removed', undefined)
  }

  /**
   * Returns `{ id, frontendId, uid, settings }` as plain data: a copy of the local state, safe to keep.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`
   */
  export(): SessionSnapshot<Settings> {
    const settings: Record<string, unknown> = Object.create(null)
    this.#local.forEachText((key, text) => {
      settings[key] = decodeValue(text)
    })
    return {
      id: this.id,
      frontendId: this.frontendId,
      uid: this.uid,
      settings: settings as Partial<Settings>
    }
  }

  /** Returns the same as `export`, for `JSON.stringify`. That still throws for a BigInt in the settings. */
  toJSON(): SessionSnapshot<Settings> {
    return this.export()
  }

  /**
   * Binds the session to a user. Without a callback, a failure is only logged. The session's next request
   * starts when the gateway has answered. A callback gets the errors of `abind`.
   *
   * @throws `UID_INVALID` if there is no callback
   */
  bind(uid: string, done?: Callback): void {
    if (isCallback(done)) return settle(this.abind(uid), done)
    expectUid(uid)
    void this.abind(uid)
  }

  /**
   * Unbinds the session from its user. Without a callback, a failure is only logged. A callback gets the
   * errors of `aunbind`.
   *
   * @throws `UID_INVALID` if there is no callback
   */
  unbind(uid: string, done?: Callback): void {
    if (isCallback(done)) return settle(this.aunbind(uid), done)
    expectUid(uid)
    void this.aunbind(uid)
  }

  /**
   * Sends the key's current value to the gateway, replacing the value there. It is in force before the
   * request's reply is sent. Without a callback the gateway sends no answer, and a failure there is only
   * logged.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS` if there is no
   * callback
   */
  push(key: Key<Settings>, done?: Callback): void {
    if (isCallback(done)) return settle(this.apush(key), done)
    const text = this.#local.textOf(expectKey(key))
    this.#operations.push(this.#view, key, text)
    this.#local.sent(key, text)
  }

  /**
   * Sends every key and value of this BackendSession, and the deletion of removed keys. This overwrites what
   * others have pushed meanwhile; `acommit` does not. Without a callback a failure in the gateway is only
   * logged.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS` if there is no
   * callback
   */
  pushAll(done?: Callback): void {
    if (isCallback(done)) return settle(this.apushAll(), done)
    this.#local.sendAll(texts => this.#operations.pushAll(this.#view, texts))
  }

  /**
   * Binds the session to a user. Resolves when the gateway has agreed; `uid` has the new value then. In a
   * cluster, what is called behind it without waiting for it may be done before it.
   *
   * @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND`, `CLUSTER_UNAVAILABLE`
   */
  abind(uid: string): Promise<void> {
    const bind = () => this.#operations.bind(this.#view, expectUid(uid), this)
    return this.#operations.promised('bind', uid, bind)
  }

  /**
   * Unbinds the session from its user. Resolves when the gateway has agreed; `uid` is null then.
   *
   * @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND`
   */
  aunbind(uid: string): Promise<void> {
    return this.#operations.promised('unbind', uid, () =>
      this.#operations.unbind(this.#view, expectUid(uid), this)
    )
  }

  /** Variant of `asetResumeWindow` with an optional callback. Without it, a failure is only logged. */
  setResumeWindow(ms: number | null, done?: Callback): void {
    settle(this.asetResumeWindow(ms), done)
  }

  /**
   * Sets the milliseconds that the session waits for its client, from the loss of its connection on. Holds
   * for a wait under way, too, and until it is set again. null: the gateway's options.
   *
   * @throws `RESUME_WINDOW_INVALID` above `maxResumeWindow`, `SESSION_NOT_FOUND`
   */
  asetResumeWindow(ms: number | null): Promise<void> {
    const set = () => this.#operations.setResumeWindow(this.#view, expectResumeWindow(ms))
    return this.#operations.asked('setResumeWindow', '', set)
  }

  /**
   * Variant of `push` that resolves when the push is settled: no handler and no worker can lose it any more.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`
   */
  apush(key: Key<Settings>): Promise<void> {
    return this.#operations.asked('push', key, () => {
      const text = this.#local.textOf(expectKey(key))
      const pushed = this.#operations.apush(this.#view, key, text)
      this.#local.sent(key, text)
      return pushed
    })
  }

  /**
   * Variant of `pushAll` that resolves when the push is settled, as `apush` does.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`
   */
  apushAll(): Promise<void> {
    return this.#operations.asked('pushAll', '', () =>
      this.#local.sendAll(texts => this.#operations.apushAll(this.#view, texts))
    )
  }

  /**
   * Changes one key by a function of its newest value in the gateway. If the key was changed meanwhile,
   * `change` is called again with the newer value. Local changes that were not pushed do not count.
   *
   * @param change returns the new value, or a promise of it; should have no other effect
   * @returns the value that was pushed
   * @throws the error that `change` throws, `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`,
   * `TOO_MANY_KEYS`, `SESSION_NOT_FOUND`
   * @example await session.aupdate('score', (score = 0) => score + 3)
   */
  aupdate<K extends Key<Settings>>(
    key: K,
    change: (newest: Settings[K] | undefined) => Settings[K] | Promise<Settings[K]>
  ): Promise<Settings[K]> {
    return this.#operations.promised('update', key, async () => {
      expectFunction(change, 'change')
      const text = await this.#operations.update(this.#view, expectKey(key), newest => {
        const made = change(newest === undefined ? undefined : (decodeValue(newest) as Settings[K]))
        return isThenable(made)
          ? Promise.resolve(made).then(value => encodeValue(key, value))
          : encodeValue(key, made)
      })
      const value = decodeValue(text) as Settings[K]
      this.#local.put(key, 'sent', value, text)
      return value
    })
  }

  /**
   * Pushes exactly the keys that this request has set, changed or removed, all or none. If another request or
   * the host has changed one of them meanwhile, fails with `CONFLICT`, which names the keys, and changes
   * nothing.
   *
   * @throws `CONFLICT`, `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `TOO_MANY_KEYS`,
   * `SESSION_NOT_FOUND`
   */
  acommit(): Promise<void> {
    return this.#operations.promised('commit', '', async () => {
      const texts = this.#local.changedTexts()
      await this.#operations.commit(this.#view, texts)
      this.#local.allSent(texts)
    })
  }
}
