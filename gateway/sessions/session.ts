/**
 * The internal session: the truth about one player, in the gateway. Knows no socket and no I/O; it is given a
 * receiver while a client is connected. Values are kept as the text that a worker sent, and decoded only when the
 * gateway's host asks. Handlers never get it: they get a BackendSession, made in a worker from `snapshot`.
 */

import { type ErrorData, errors, type GatewayError } from '../../shared/errors.js'
import { decodeValue } from '../../shared/values/codec.js'
import type { SessionText } from '../../shared/values/session-text.js'
import { forEachSetting, formatSetting, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { GatewayEvent } from '../events/event.js'
import type { ClientAddress } from '../options/options.js'
import { Lane } from './lane.js'

/** Where what the gateway has for a session's client goes. */
export interface Receiver {
  /** Where the client is connected from, or was last. */
  readonly address: ClientAddress
  /** Whether the client is connected at the moment; if not, what is sent is kept for it. */
  readonly isConnected: boolean
  /** Whether the client reads bodies in superjson's form. */
  readonly readsRich: boolean
  reply(id: number, body: string): void
  error(id: number, error: ErrorData): void
  /** Gives whether the event was not dropped. */
  event(event: GatewayEvent): boolean
  /** The session has ended; nothing will be sent any more. `kickReason` is told to the client. */
  end(code: number, kickReason: string | null): void
  pause(): void
  resume(): void
}

interface Setting {
  text: string
  /** The session's version when the key was last changed. */
  version: number
  /** Whose change that was, 0 for somebody who can't be told apart from others. */
  viewId: number
}

/** A change of several keys; text '' deletes. */
export type SettingsChange = readonly (readonly [key: string, text: string])[]

/**
 * Bytes of memory that a key takes beside its characters, and a channel, or a deletion that is remembered, with a name
 * of the longest; measured, and held by a test.
 */
const keyCost = 128
const nameCost = 512

/** Keys whose deletion is remembered for `commit`; of older deletions only the newest moment is. */
const rememberedDeletions = 64

export class Session {
  readonly sid: number
  readonly frontendId: string
  readonly lane: Lane = new Lane()
  /** undefined: it has ended. */
  receiver: Receiver | undefined
  /** Names of the channels that it is in; they keep this themselves. Made with the first. */
  channels: Set<string> | undefined
  #uid: string | null = null
  #isOpen = true
  #settings: Map<string, Setting> | undefined
  #deletions: Map<string, Setting> | undefined
  /** Deletions before this version are not remembered one by one any more. */
  #deletionsForgotten = 0
  #version = 0
  #length = 0
  #text: string | undefined
  /** Told when `bytes` has changed, while somebody wants to know. */
  #onResize: (() => void) | undefined

  constructor(frontendId: string, sid: number, receiver: Receiver) {
    this.frontendId = frontendId
    this.sid = sid
    this.receiver = receiver
  }

  get uid(): string | null {
    return this.#uid
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Counted up at each change. */
  get version(): number {
    return this.#version
  }

  /** All settings as one text; put together when it is asked for, and kept until a key changes. */
  get settingsText(): string {
    if (this.#text === undefined) {
      let text = ''
      this.#settings?.forEach((setting, key) => {
        text += formatSetting(key, setting.text)
      })
      this.#text = text
    }
    return this.#text
  }

  get snapshot(): SessionText {
    return { sid: this.sid, uid: this.#uid, version: this.#version, settings: this.settingsText }
  }

  textOf(key: string): string | undefined {
    return this.#settings?.get(key)?.text
  }

  /** A key's value, decoded: for the gateway's host. */
  get(key: string): unknown {
    const text = this.textOf(key)
    return text === undefined ? undefined : decodeValue(text)
  }

  /** All values, decoded: for the gateway's host. */
  get settings(): Record<string, unknown> {
    const values: Record<string, unknown> = Object.create(null)
    this.#settings?.forEach((setting, key) => {
      values[key] = decodeValue(setting.text)
    })
    return values
  }

  /**
   * Sets and deletes keys, all or none. Gives the error where there would be more than `limits` allow.
   * `writer` is whose change it is: to anybody else's copy of the session it is foreign.
   */
  change(keys: SettingsChange, viewId: number, limits: SettingsLimits): GatewayError | undefined {
    const { maxSettingsLength, maxSettingsKeys } = limits
    let length = this.#length
    let count = this.#settings?.size ?? 0
    let largest = keys[0]
    let added: string | undefined
    for (const change of keys) {
      const [key, text] = change
      const before = this.textOf(key) ?? ''
      length += lengthOf(key, text) - lengthOf(key, before)
      if (before !== '' && text === '') count--
      if (before === '' && text !== '') {
        count++
        added ??= key
      }
      if (text.length > largest![1].length) largest = change
    }
    if (length > maxSettingsLength)
      return errors.settingsTooLarge(largest?.[0] ?? '', length, maxSettingsLength)
    if (added !== undefined && count > maxSettingsKeys) return errors.tooManyKeys(added, maxSettingsKeys)
    const version = ++this.#version
    for (const [key, text] of keys) this.#put(key, text, version, viewId)
    this.#wasChanged(length, viewId)
    return undefined
  }

  /** The same for one key: what happens most, without a list of one. */
  changeKey(key: string, text: string, viewId: number, limits: SettingsLimits): GatewayError | undefined {
    const { maxSettingsLength, maxSettingsKeys } = limits
    const before = this.textOf(key) ?? ''
    const length = this.#length + lengthOf(key, text) - lengthOf(key, before)
    if (length > maxSettingsLength) return errors.settingsTooLarge(key, length, maxSettingsLength)
    const isNew = before === '' && text !== ''
    if (isNew && (this.#settings?.size ?? 0) >= maxSettingsKeys)
      return errors.tooManyKeys(key, maxSettingsKeys)
    this.#put(key, text, ++this.#version, viewId)
    this.#wasChanged(length, viewId)
    return undefined
  }

  /** The keys that another than `writer` changed, or deleted, after `version`. */
  changedSince(version: number, keys: Iterable<string>, viewId: number): string[] {
    const changed: string[] = []
    for (const key of keys) {
      const last = this.#settings?.get(key) ?? this.#deletions?.get(key)
      const lastVersion = last?.version ?? this.#deletionsForgotten
      if (lastVersion > version && (viewId === 0 || last?.viewId !== viewId)) changed.push(key)
    }
    return changed
  }

  /** Bytes of memory that its settings and its channels take, at most. */
  get bytes(): number {
    const names = (this.#deletions?.size ?? 0) + (this.channels?.size ?? 0)
    // A character takes up to two.
    return 2 * this.#length + (this.#settings?.size ?? 0) * keyCost + names * nameCost
  }

  /** Whether nothing would be lost with it but its number: no user, no settings, no channel, nothing asked for. */
  get holdsNothing(): boolean {
    const settings = this.#settings?.size ?? 0
    const channels = this.channels?.size ?? 0
    return this.#uid === null && settings === 0 && channels === 0 && this.lane.open === 0
  }

  /** Its client is away: it keeps no more than it must, and `onResize` is told when `bytes` changes, until `wake`. */
  rest(onResize: () => void): void {
    this.#text = undefined
    this.#onResize = onResize
  }

  wake(): void {
    this.#onResize = undefined
  }

  /** It is in more channels, or in fewer. */
  resized(): void {
    this.#onResize?.()
  }

  /** Only the registry binds: it knows who else is bound. */
  setUid(uid: string | null, viewId: number): void {
    this.#uid = uid
    this.#version++
    this.changed(viewId)
  }

  /** What was handed out of the lane knows nothing of a change that is not its own: takes back what has not started. */
  changed(viewId: number): void {
    const { turn } = this.lane
    if (turn !== undefined && turn.viewId !== viewId) turn.takeBack()
  }

  /** Only the registry closes. */
  close(): void {
    this.#isOpen = false
    this.receiver = undefined
    this.#onResize = undefined
  }

  #wasChanged(length: number, viewId: number): void {
    this.#length = length
    this.#text = undefined
    this.changed(viewId)
    this.#onResize?.()
  }

  #put(key: string, text: string, version: number, viewId: number): void {
    const present = this.#settings?.get(key)
    if (text !== '') {
      if (present === undefined) {
        this.#settings ??= new Map()
        this.#settings.set(key, { text, version, viewId: viewId })
        this.#deletions?.delete(key)
      } else {
        present.text = text
        present.version = version
        present.viewId = viewId
      }
      return
    }
    if (present === undefined) return
    this.#settings!.delete(key)
    this.#deletions ??= new Map()
    this.#deletions.set(key, { text, version, viewId: viewId })
    if (this.#deletions.size <= rememberedDeletions) return
    for (const [oldest, { version }] of this.#deletions) {
      this.#deletions.delete(oldest)
      this.#deletionsForgotten = version
      return
    }
  }
}

function lengthOf(key: string, text: string): number {
  return text === '' ? 0 : key.length + text.length
}

/** A settings text as the change that it stands for. */
export function parseChange(settings: string): SettingsChange {
  const keys: [string, string][] = []
  forEachSetting(settings, (key, text) => keys.push([key, text]))
  return keys
}
