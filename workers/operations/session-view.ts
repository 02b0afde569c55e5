/**
 * What a worker knows of one session: the texts of its settings as they were when it was handed out, and what
 * was pushed from here since. The requests of one turn share a view; a session that was asked for by number
 * or uid has a view of its own. Values stay text here: each BackendSession decodes for itself.
 */
import type { SessionAddress } from '../../shared/address.js'
import { findSetting, forEachSetting, formatSetting } from '../../shared/values/settings-text.js'

let lastViewId = 0

/** Characters that a key takes at least, with its value's text and the lengths of both. */
const shortestSetting = formatSetting('', '{"json":1}').length

/** A number for a view that belongs to no turn. */
export function nextViewId(): number {
  return --lastViewId
}

export interface SessionViewInit {
  /** Above 0: the turn's number. Below 0: of `nextView`. */
  readonly viewId: number
  readonly frontendId: string
  readonly sid: number
  readonly uid: string | null
  readonly version: number
  readonly settings: string
}

export class SessionView {
  /** The gateway takes changes by one view as not foreign to it. */
  readonly viewId: number
  readonly address: SessionAddress
  readonly version: number
  uid: string | null
  readonly #settings: string
  /** What was pushed since; '' is a key that was deleted. */
  #pushed: Map<string, string> | undefined
  /** Counted when it is first asked for. */
  #size: number | undefined
  /** Nobody has more than this; what stands twice is counted twice. */
  #sizeBound: number

  constructor({ viewId, frontendId, sid, uid, version, settings }: SessionViewInit) {
    this.viewId = viewId
    this.address = { frontendId, sid }
    this.uid = uid
    this.version = version
    this.#settings = settings
    this.#sizeBound = settings.length
  }

  /** The text of a key's value, undefined where the session has no such key. */
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
    let count = 0
    this.forEach(() => {
      count++
    })
    return count
  }

  /** The same at most: known without counting. */
  get keyCountBound(): number {
    return Math.floor(this.#settings.length / shortestSetting) + (this.#pushed?.size ?? 0)
  }

  /** Characters that all keys and texts take. */
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

  /** The same at most: known without counting. */
  get sizeBound(): number {
    return this.#size ?? this.#sizeBound
  }

  /** The same, if `key` held `text` ('': if it were deleted). */
  sizeWith(key: string, text: string): number {
    const present = this.textOf(key)
    const before = present === undefined ? 0 : key.length + present.length
    const after = text === '' ? 0 : key.length + text.length
    return this.size - before + after
  }

  /** Keeps what was sent to the gateway, so that the next request of the turn reads it. */
  pushed(key: string, text: string): void {
    if (this.#size !== undefined) this.#size = this.sizeWith(key, text)
    this.#sizeBound += key.length + text.length
    this.#pushed ??= new Map()
    this.#pushed.set(key, text)
  }
}
