/**
 * The local settings of a BackendSession: the keys of its view, overlaid with the handler's changes.
 * Owned by one BackendSession. Decodes a value when it is first read, and encodes it when it is pushed.
 */
import { expectKey, expectSettings } from '../../shared/check.js'
import { decodeValue, encodeValue } from '../../shared/values/codec.js'
import { meaningfulText } from '../../shared/values/settings-text.js'
import { isRemoved, isUnsent, LocalKeys, type LocalState } from './local-keys.js'
import type { SessionView } from './session-view.js'

export class LocalSettings {
  readonly #view: SessionView
  /** The keys that were read, set or removed here. */
  #keys: LocalKeys | undefined
  /** All keys as one object, once `all` was called. From then on its values take precedence over `#keys`. */
  #all: Record<string, unknown> | undefined

  constructor(view: SessionView) {
    this.#view = view
  }

  /** Returns all keys and values as one object. Changes of that object are changes of the settings. */
  all(): Record<string, unknown> {
    if (this.#all === undefined) {
      const all: Record<string, unknown> = Object.create(null)
      this.#view.forEach((key, text) => {
        if (this.#keys?.has(key) !== true) this.#note(key, 'read', decodeValue(text), text)
      })
      this.#keys?.forEach((local, key) => {
        if (!isRemoved(local)) all[key] = local.value
      })
      this.#all = all
    }
    return this.#all
  }

  /** Replaces all keys and values by a copy of the given ones. Throws a TypeError if they are no object. */
  replace(settings: object): void {
    this.#all = Object.assign(Object.create(null), expectSettings(settings))
  }

  /** Whether the key has a value other than null and undefined. Decodes none. */
  holds(key: string): boolean {
    if (this.#all !== undefined) return isMeaningful(this.#all[key])
    const local = this.#keys?.get(key)
    if (local === undefined) return meaningfulText(this.#view.textOf(key)) !== undefined
    return !isRemoved(local) && isMeaningful(local.value)
  }

  get(key: string): unknown {
    if (this.#all !== undefined) return this.#all[key]
    const local = this.#keys?.get(key)
    if (local !== undefined) return local.value
    const text = this.#view.textOf(key)
    if (text === undefined) return undefined
    const value = decodeValue(text)
    this.#note(key, 'read', value, text)
    return value
  }

  /** Sets or removes a key. `base`: the text as which it was sent already. */
  put(key: string, state: LocalState, value: unknown, base?: string): void {
    this.#note(key, state, value, base)
    if (this.#all === undefined) return
    if (state === 'removed') delete this.#all[key]
    else this.#all[key] = value
  }

  /** Notes that a key was sent to the gateway with this text; '' for a removed key. */
  sent(key: string, text: string): void {
    const all = this.#all
    if (this.#keys?.sent(key, text) === true || all === undefined) return
    // It was assigned in `settings`, or was missing until it was pushed.
    all[key] = Object.hasOwn(all, key) ? all[key] : undefined
    this.#note(key, 'sent', all[key], text)
  }

  allSent(texts: ReadonlyMap<string, string>): void {
    for (const [key, text] of texts) this.sent(key, text)
  }

  /** Sends all texts by `send`, and notes that. Returns what `send` returns. */
  sendAll<Result>(send: (texts: ReadonlyMap<string, string>) => Result): Result {
    const texts = this.allTexts()
    const result = send(texts)
    this.allSent(texts)
    return result
  }

  /** Returns the text of the key's current value; '' for a removed key. */
  textOf(key: string): string {
    const local = this.#keys?.get(key)
    const isGone = local !== undefined && isRemoved(local)
    if (this.#all !== undefined) {
      // A removed key may have come back by an assignment in `settings`.
      return isGone && !Object.hasOwn(this.#all, key) ? '' : encodeValue(key, this.#all[key])
    }
    if (isGone) return ''
    if (local !== undefined) return encodeValue(key, local.value)
    return this.#view.textOf(key) ?? encodeValue(key, undefined)
  }

  /** Visits every key with the text of its current value. A value that was never decoded keeps its text. */
  forEachText(visit: (key: string, text: string) => void): void {
    if (this.#all !== undefined) {
      for (const key of Object.keys(this.#all)) visit(key, encodeValue(key, this.#all[key]))
      return
    }
    this.#view.forEach((key, text) => {
      if (this.#keys?.has(key) !== true) visit(key, text)
    })
    // No callback, so that the stack of an error has room for the handler.
    for (const [key, local] of this.#keys ?? [])
      if (!isRemoved(local)) visit(key, encodeValue(key, local.value))
  }

  /** Returns the text of every key, and '' for each removed key, as `pushAll` sends them. */
  allTexts(): Map<string, string> {
    const texts = new Map<string, string>()
    this.forEachText((key, text) => texts.set(expectKey(key), text))
    if (this.#keys?.hasRemoved !== true) return texts
    this.#keys.forEach((local, key) => {
      if (isRemoved(local) && !texts.has(key)) texts.set(key, '')
    })
    return texts
  }

  /**
   * Returns the texts of keys that were set or removed, or modified inside at any depth, and were not sent
   * since.
   */
  changedTexts(): Map<string, string> {
    const texts = new Map<string, string>()
    for (const [key, text] of this.allTexts()) {
      const local = this.#keys?.get(key)
      const base = local === undefined ? (this.#view.textOf(key) ?? '') : local.base
      if (text !== base || (local !== undefined && isUnsent(local))) texts.set(key, text)
    }
    return texts
  }

  #note(key: string, state: LocalState, value: unknown, base: string | undefined): void {
    this.#keys ??= new LocalKeys()
    this.#keys.put(key, state, value, base)
  }
}

function isMeaningful(value: unknown): boolean {
  return value !== null && value !== undefined
}
