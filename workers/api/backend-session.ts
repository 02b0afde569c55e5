/**
 * What a handler holds of a session: a copy that it reads freely and changes locally, and whose changes are gone
 * with the next request unless they are pushed. Made for one request, over the view that the request's turn shares.
 *
 * The promise is the implementation; the callback forms of the specification are one adapter, `settle`.
 */
import { expectKey, expectUid } from '../../shared/check.js'
import { decodeValue, encodeValue } from '../../shared/values/codec.js'
import type { SessionSnapshot } from '../../shared/values/snapshot.js'
import { isRemoved, isUnsent, LocalKeys, type LocalState } from '../operations/local-keys.js'
import type { SessionOperations } from '../operations/session-operations.js'
import type { SessionView } from '../operations/session-view.js'
import type { BackendSessionService, ServiceSource } from './backend-session-service.js'
import { type Callback, isCallback, settle } from './callback.js'

/**
 * What sessions hold, declared once for a whole project; without it their values are `any`.
 *
 * @example
 * declare module 'sallyport/worker' {
 *   interface SessionSettings { room: string; hp: number }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: a project fills it
export interface SessionSettings {}

/** What a session holds whose type parameter is left out. */
// biome-ignore lint/suspicious/noExplicitAny: what the specification says of a session's values
export type AnySettings = keyof SessionSettings extends never ? any : SessionSettings

type Key<Settings> = keyof Settings & string

/**
 * A proxy of a session that the gateway keeps. Reading is local; a change is local until it is pushed.
 *
 * @typeParam Settings - The session's keys and the types of their values. Without it all values are `any`.
 */
export class BackendSession<Settings = AnySettings> {
  /** The session's number in its gateway. Never used again for another session. */
  readonly id: number
  /** The gateway that owns the session. */
  readonly frontendId: string
  /** The user that the session is bound to; null while there is none. */
  uid: string | null

  readonly #view: SessionView
  readonly #operations: SessionOperations
  readonly #source: ServiceSource
  /** Keys that were read, set or removed here. */
  #local: LocalKeys | undefined
  /** All keys as one object, once somebody asked for it: from then on the truth about the values in `#local`. */
  #settings: Record<string, unknown> | undefined

  /** @internal Sessions come with a request, or from the BackendSessionService. */
  constructor(view: SessionView, operations: SessionOperations, source: ServiceSource) {
    this.id = view.address.sid
    this.frontendId = view.address.frontendId
    this.uid = view.uid
    this.#view = view
    this.#operations = operations
    this.#source = source
  }

  /** The service that this session came from, as Pinus' page spells it. */
  get ___sessionService__(): BackendSessionService {
    return this.#source.service
  }

  /** The same, as Pinus' code spells it. */
  get __sessionService__(): BackendSessionService {
    return this.#source.service
  }

  /**
   * All keys and values: an object without a prototype, and a local copy. Assigning to it replaces the copy; a key
   * that is merely missing afterwards is not deleted in the gateway (see `remove`).
   */
  get settings(): Settings {
    return this.#openSettings() as Settings
  }

  set settings(settings: Settings) {
    this.#settings = Object.assign(Object.create(null), settings)
  }

  /** The present value of a key, undefined where there is none. Each request decodes its own: nothing is shared. */
  get<K extends Key<Settings>>(key: K): Settings[K] | undefined {
    if (this.#settings !== undefined) return this.#settings[key] as Settings[K] | undefined
    const local = this.#local?.get(key)
    if (local !== undefined) return local.value as Settings[K] | undefined
    const text = this.#view.textOf(key)
    if (text === undefined) return undefined
    const value = decodeValue(text)
    this.#put(key, 'read', value)
    return value as Settings[K]
  }

  /** Changes the local copy. */
  set<K extends Key<Settings>>(key: K, value: Settings[K]): void {
    this.#put(expectKey(key), 'set', value)
    if (this.#settings !== undefined) this.#settings[key] = value
  }

  /** Deletes a key from the local copy. Pushing that key, or `pushAll`, deletes it in the gateway. */
  remove<K extends Key<Settings>>(key: K): void {
    this.#put(expectKey(key), 'removed', undefined)
    if (this.#settings !== undefined) delete this.#settings[key]
  }

  /** `{ id, frontendId, uid, settings }` as plain data: a copy of what the handler sees now, safe to keep. */
  export(): SessionSnapshot<Settings> {
    const settings: Record<string, unknown> = Object.create(null)
    this.#forEachText((key, text) => {
      settings[key] = decodeValue(text)
    })
    return { id: this.id, frontendId: this.frontendId, uid: this.uid, settings: settings as Settings }
  }

  toJSON(): SessionSnapshot<Settings> {
    return this.export()
  }

  /**
   * Binds the session to a user. Without a callback nobody hears of a failure but the log; the session's next
   * request starts when the gateway has answered.
   *
   * @throws `UID_INVALID`, if there is no callback to tell it to
   */
  bind(uid: string, done?: Callback): void {
    if (isCallback(done)) return settle(this.abind(uid), done)
    expectUid(uid)
    void this.abind(uid)
  }

  /** Unbinds the session from the user that it is bound to. */
  unbind(uid: string, done?: Callback): void {
    if (isCallback(done)) return settle(this.aunbind(uid), done)
    expectUid(uid)
    void this.aunbind(uid)
  }

  /**
   * Sends the key's present value to the gateway, over whatever was pushed under that key before. It is in force
   * before the request's reply leaves, awaited or not.
   *
   * @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, if there is no callback to tell it to
   */
  push(key: Key<Settings>, done?: Callback): void {
    if (isCallback(done)) return settle(this.apush(key), done)
    this.#operations.push(this.#view, expectKey(key), this.#textOf(key))
    this.#local?.sent(key)
  }

  /** Sends every key and value of this BackendSession, and the deletion of those that were removed. */
  pushAll(done?: Callback): void {
    if (isCallback(done)) return settle(this.apushAll(), done)
    this.#operations.pushAll(this.#view, this.#allTexts())
    this.#local?.allSent()
  }

  /** @throws `UID_INVALID`, `UID_TAKEN`, `SINGLE_SESSION`, `SESSION_NOT_FOUND` */
  abind(uid: string): Promise<void> {
    return this.#operations.promised('bind', uid, () =>
      this.#operations.bind(this.#view, expectUid(uid), this)
    )
  }

  /** @throws `UID_INVALID`, `UID_NOT_BOUND`, `SESSION_NOT_FOUND` */
  aunbind(uid: string): Promise<void> {
    return this.#operations.promised('unbind', uid, () =>
      this.#operations.unbind(this.#view, expectUid(uid), this)
    )
  }

  /** @throws `VALUE_NOT_SERIALIZABLE`, `KEY_INVALID`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND` */
  apush(key: Key<Settings>): Promise<void> {
    return this.#operations.asked('push', key, () => {
      const pushed = this.#operations.apush(this.#view, expectKey(key), this.#textOf(key))
      this.#local?.sent(key)
      return pushed
    })
  }

  /** @throws `VALUE_NOT_SERIALIZABLE`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND` */
  apushAll(): Promise<void> {
    return this.#operations.asked('pushAll', '', () => {
      const pushed = this.#operations.apushAll(this.#view, this.#allTexts())
      this.#local?.allSent()
      return pushed
    })
  }

  /**
   * Changes one key by a function of its newest value, whoever changes it at the same time: if somebody did,
   * `change` is called again with the newer value. What was set here and not pushed does not count.
   *
   * @returns The value that was pushed
   * @throws What `change` throws, `VALUE_NOT_SERIALIZABLE`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND`
   * @example await session.aupdate('score', (score = 0) => score + 3)
   */
  aupdate<K extends Key<Settings>>(
    key: K,
    change: (newest: Settings[K] | undefined) => Settings[K] | Promise<Settings[K]>
  ): Promise<Settings[K]> {
    return this.#operations.promised('update', key, async () => {
      const text = await this.#operations.update(this.#view, expectKey(key), newest => {
        const made = change(newest === undefined ? undefined : (decodeValue(newest) as Settings[K]))
        return made instanceof Promise ? made.then(value => encodeValue(key, value)) : encodeValue(key, made)
      })
      const value = decodeValue(text) as Settings[K]
      this.#put(key, 'sent', value)
      if (this.#settings !== undefined) this.#settings[key] = value
      return value
    })
  }

  /**
   * Pushes exactly the keys that this request changed or removed, all or none. Fails with `CONFLICT`, naming the
   * keys, if another request or the host changed one of them meanwhile; then nothing is changed.
   *
   * @throws `CONFLICT`, `VALUE_NOT_SERIALIZABLE`, `SETTINGS_TOO_LARGE`, `SESSION_NOT_FOUND`
   */
  acommit(): Promise<void> {
    return this.#operations.promised('commit', '', async () => {
      const texts = this.#changedTexts()
      await this.#operations.commit(this.#view, texts)
      for (const key of texts.keys()) this.#local?.sent(key)
    })
  }

  #put(key: string, state: LocalState, value: unknown): void {
    this.#local ??= new LocalKeys()
    this.#local.put(key, state, value)
  }

  /** The text of the key's present value; '' for a key that was removed. */
  #textOf(key: string): string {
    const local = this.#local?.get(key)
    const isGone = local !== undefined && isRemoved(local)
    if (this.#settings !== undefined) {
      // A removed key may have come back since, by writing into `settings`.
      return isGone && !Object.hasOwn(this.#settings, key) ? '' : encodeValue(key, this.#settings[key])
    }
    if (isGone) return ''
    if (local !== undefined) return encodeValue(key, local.value)
    return this.#view.textOf(key) ?? encodeValue(key, undefined)
  }

  /** Every key and the text of its value, as the handler sees them now. What was never decoded stays as it is. */
  #forEachText(visit: (key: string, text: string) => void): void {
    if (this.#settings !== undefined) {
      for (const key of Object.keys(this.#settings)) visit(key, encodeValue(key, this.#settings[key]))
      return
    }
    this.#view.forEach((key, text) => {
      if (this.#local?.has(key) !== true) visit(key, text)
    })
    this.#local?.forEach((local, key) => {
      if (!isRemoved(local)) visit(key, encodeValue(key, local.value))
    })
  }

  #allTexts(): Map<string, string> {
    const texts = new Map<string, string>()
    this.#forEachText((key, text) => texts.set(expectKey(key), text))
    this.#local?.forEach((local, key) => {
      if (isRemoved(local) && !texts.has(key)) texts.set(key, '')
    })
    return texts
  }

  /** The keys that were set or removed, or whose value is no longer what it began as: nested changes included. */
  #changedTexts(): Map<string, string> {
    const texts = new Map<string, string>()
    for (const [key, text] of this.#allTexts()) {
      const local = this.#local?.get(key)
      const isTouched = local !== undefined && isUnsent(local)
      if (isTouched || text !== (this.#view.textOf(key) ?? '')) texts.set(key, text)
    }
    return texts
  }

  #openSettings(): Record<string, unknown> {
    if (this.#settings === undefined) {
      const settings: Record<string, unknown> = Object.create(null)
      this.#view.forEach((key, text) => {
        if (this.#local?.has(key) !== true) settings[key] = decodeValue(text)
      })
      this.#local?.forEach((local, key) => {
        if (!isRemoved(local)) settings[key] = local.value
      })
      this.#settings = settings
    }
    return this.#settings
  }
}
