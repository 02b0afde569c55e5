/**
 * A worker's view of one session: a snapshot, and what was pushed here since; no foreign change.
 * The settings are kept as texts. A change made elsewhere reaches only requests that have not started: the
 * gateway takes them back and sends a new snapshot. The requests of one turn share a view. A session that
 * was found by number or uid has a view of its own.
 * Values stay texts here; each BackendSession decodes them for itself.
 */
import type { SessionAddress } from '../../shared/address.js'
import { findSetting, forEachSetting, formatSetting } from '../../shared/values/settings-text.js'

let lastViewId = 0

/** Minimum length of a key in a settings text, with its value's text and the lengths of both. */
const shortestSetting = formatSetting('', '{"json":1}').length

/** Returns an id for a view that belongs to no turn. */
export function nextViewId(): number {
  return --lastViewId
}

export interface SessionViewInit {
  /** The view's id. Above 0, it is the number of a turn; below 0, it comes from `nextViewId`. */
  readonly viewId: number
  readonly frontendId: string
  readonly sid: number
  readonly uid: string | null
  readonly version: number
  readonly settings: string
  readonly isConnected: boolean
}

export class SessionView {
  /** The view's id. For the gateway, a change that carries this id is not foreign to the view. */
  readonly viewId: number
  readonly address: SessionAddress
  readonly version: number
  /** Whether the client was connected when the snapshot was taken. */
  readonly isConnected: boolean
  uid: string | null
  readonly #settings: string
  /** The keys that were pushed since the snapshot; '' for a deleted key. */
  #pushed: Map<string, string> | undefined
  /** The place of the last noted change of each key, since the first `reserve`. */
  #places: Map<string, number> | undefined
  #lastPlace = 0
  /** The value of `size`, computed when it is first needed. */
  #size: number | undefined
  /** Upper bound of the settings' size: overwritten keys are counted twice. */
  #sizeBound: number
  /** The value of `keyCount`, computed when it is first needed. */
  #keyCount: number | undefined

  constructor({ viewId, frontendId, sid, uid, version, settings, isConnected }: SessionViewInit) {
    this.viewId = viewId
    this.address = { frontendId, sid }
    this.uid = uid
    this.version = version
    this.isConnected = isConnected
    this.#settings = settings
    this.#sizeBound = settings.length
  }

  /** Returns the text of a key's value; undefined if the session has no such key. */
  textOf(key: string): string | undefined {
    const pushed = this.#pushed?.get(key)
    if (pushed !== undefined) return pushed === '' ? undefined : pushed
    return findSetting(this.#settings, key)
  }

  forEach(visit: (key: string, text: string) => void): void {
    forEachSetting(this.#settings, (key, text) => {
      if (this.#pushed?.has(key) !== true) visit(key, text)
    })
    this.#pushed?.forEach((text, key) => {
      if (text !== '') visit(key, text)
    })
  }

  get keyCount(): number {
    if (this.#keyCount === undefined) {
      let count = 0
      this.forEach(() => {
        count++
      })
      this.#keyCount = count
    }
    return this.#keyCount
  }

  /** Upper bound of `keyCount`, known without counting. */
  get keyCountBound(): number {
    return Math.floor(this.#settings.length / shortestSetting) + (this.#pushed?.size ?? 0)
  }

  /** Number of characters of all keys and texts. */
  get size(): number {
    if (this.#size === undefined) {
      let size = 0
      this.forEach((key, text) => {
        size += key.length + text.length
      })
      this.#size = size
    }
    return this.#size
  }

  /** Upper bound of `size`, known without counting. */
  get sizeBound(): number {
    return this.#size ?? this.#sizeBound
  }

  /** Returns what `size` would be if `key` had this text ('' if it were deleted). */
  sizeWith(key: string, text: string): number {
    const present = this.textOf(key)
    const before = present === undefined ? 0 : key.length + present.length
    const after = text === '' ? 0 : key.length + text.length
    return this.size - before + after
  }

  /** Returns the place of a change that is sent now, and is noted once the gateway has agreed. */
  reserve(): number {
    this.#places ??= new Map()
    return ++this.#lastPlace
  }

  /**
   * Notes a pushed key, so that the next request of the turn reads it. `place`: from `reserve`, if the change
   * was sent before. It is not noted if another one with a later place was.
   */
  pushed(key: string, text: string, place = ++this.#lastPlace): void {
    if (this.#places !== undefined) {
      if ((this.#places.get(key) ?? 0) > place) return
      this.#places.set(key, place)
    }
    if (this.#size !== undefined) this.#size = this.sizeWith(key, text)
    this.#sizeBound += key.length + text.length
    if (this.#keyCount !== undefined)
      this.#keyCount += Number(text !== '') - Number(this.textOf(key) !== undefined)
    this.#pushed ??= new Map()
    this.#pushed.set(key, text)
  }
}
