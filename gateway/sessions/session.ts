/**
 * The internal session: the user id, the settings and the lane of one player, in the gateway. The registry
 * opens and closes it. It does no I/O: what goes to the client goes to its receiver. Values are kept as the
 * text that a worker sent, and are decoded only when the gateway's host asks. Handlers never get it: they
 * get a BackendSession, which a worker makes from `snapshot`.
 *
 * Each change increments `version`, and is marked with the `viewId` of the view that made it. All other views
 * of the session are then out of date. So each change takes the lane's turn back, unless that turn made it
 * (`takeBackStale`): requests that have not started yet are handed out again, with a new snapshot.
 */

import { errors, type GatewayError } from '../../shared/errors.js'
import type { ConnectInfo } from '../../shared/link/hooks.js'
import { decodeValue } from '../../shared/values/codec.js'
import type { SessionText } from '../../shared/values/session-text.js'
import { formatSetting, type SettingsLimits } from '../../shared/values/settings-text.js'
import { Lane } from './lane.js'
import type { Receiver } from './receiver.js'
import { exportKeys, importKeys, type SettingsState } from './session-state.js'
import { Deletions } from './settings/deletions.js'
import {
  type Author,
  isForeign,
  lengthOf,
  noAuthor,
  type Setting,
  type SettingsChange
} from './settings/setting.js'

/** Bytes that a key takes beside its characters, and the name of a channel; tests verify them. */
const [keyCost, nameCost] = [128, 512]

export class Session {
  readonly sid: number
  readonly frontendId: string
  readonly lane: Lane = new Lane()
  /** Receives what is sent to the client; undefined: the session has ended. */
  receiver: Receiver | undefined
  /** Names of the session's channels. Maintained by `Channels`; created with the first. */
  channels: Set<string> | undefined
  /** Milliseconds that it waits for a client that is away; undefined: as the gateway's options say. */
  resumeWindow: number | undefined
  /** Number of times that it has joined or left a channel. */
  joins = 0
  /** When it began, in milliseconds since 1970, and its client's protocol. Set by the registry. */
  since = 0
  protocol: ConnectInfo['protocol'] = 'json'
  #uid: string | null = null
  #isOpen = true
  #settings: Map<string, Setting> | undefined
  #deletions: Deletions | undefined
  #version = 0
  /** Number of characters of all keys and values. */
  #length = 0
  /** Cache of `settingsText`. */
  #text: string | undefined
  /** Called when `bytes` changes; see `watchSize`. */
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

  /** Number of changes so far, of settings and of the user. */
  get version(): number {
    return this.#version
  }

  /** All settings as one text. Built on demand, and cached until a key changes. */
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
    const { sid, uid, version, settingsText: settings } = this
    return { sid, uid, version, settings, isConnected: this.receiver?.isConnected === true }
  }

  /** Returns a key's value as text, undefined where there is none. */
  textOf(key: string): string | undefined {
    return this.#settings?.get(key)?.text
  }

  /** The keys, each with its text and its last change, in the order in which they came. */
  get kept(): ReadonlyMap<string, Readonly<Setting>> {
    return this.#settings ?? new Map()
  }

  /** Returns a key's value, decoded, for the gateway's host. */
  get(key: string): unknown {
    const text = this.textOf(key)
    return text === undefined ? undefined : decodeValue(text)
  }

  /** All values, decoded, for the gateway's host. */
  get settings(): Record<string, unknown> {
    const values: Record<string, unknown> = Object.create(null)
    this.#settings?.forEach((setting, key) => {
      values[key] = decodeValue(setting.text)
    })
    return values
  }

  /**
   * Sets and deletes keys, all or none. Returns the error if the settings would exceed `limits`. Above the
   * limits, a change that makes no key longer is accepted. `viewId`: the view that makes the change; to every
   * other view it is foreign.
   */
  changeKeys(
    keys: SettingsChange,
    viewId: number,
    limits: SettingsLimits,
    author = noAuthor
  ): GatewayError | undefined {
    const { maxSettingsLength, maxSettingsKeys } = limits
    let length = this.#length
    let count = this.#settings?.size ?? 0
    let largest = keys[0]
    let added: string | undefined
    let hasGrown = false
    for (const change of keys) {
      const [key, text] = change
      const before = this.textOf(key) ?? ''
      length += lengthOf(key, text) - lengthOf(key, before)
      if (text.length > before.length) hasGrown = true
      if (before !== '' && text === '') count--
      if (before === '' && text !== '') {
        count++
        added ??= key
      }
      if (text.length > largest![1].length) largest = change
    }
    if (hasGrown && length > maxSettingsLength)
      return errors.settingsTooLarge(largest?.[0] ?? '', length, maxSettingsLength)
    if (added !== undefined && count > maxSettingsKeys) return errors.tooManyKeys(added, maxSettingsKeys)
    const version = ++this.#version
    for (const [key, text] of keys) this.#setKey(key, text, version, viewId, author)
    this.#keysChanged(length, viewId)
    return undefined
  }

  /** Does the same for one key: the most frequent case, without the cost of a list. */
  changeKey(
    key: string,
    text: string,
    viewId: number,
    limits: SettingsLimits,
    author = noAuthor
  ): GatewayError | undefined {
    const { maxSettingsLength, maxSettingsKeys } = limits
    const before = this.textOf(key) ?? ''
    const length = this.#length + lengthOf(key, text) - lengthOf(key, before)
    if (length > maxSettingsLength && text.length > before.length)
      return errors.settingsTooLarge(key, length, maxSettingsLength)
    const isNew = before === '' && text !== ''
    if (isNew && (this.#settings?.size ?? 0) >= maxSettingsKeys)
      return errors.tooManyKeys(key, maxSettingsKeys)
    this.#setKey(key, text, ++this.#version, viewId, author)
    this.#keysChanged(length, viewId)
    return undefined
  }

  /** Returns those keys that were changed or deleted after `version`, by another view than `viewId`. */
  changedSince(version: number, keys: Iterable<string>, viewId: number): string[] {
    const changed: string[] = []
    for (const key of keys) {
      const setting = this.#settings?.get(key)
      const deletedAt = setting === undefined ? (this.#deletions?.foreignTo(viewId, key) ?? 0) : 0
      const changedAt = setting !== undefined && isForeign(setting, viewId) ? setting.version : deletedAt
      if (changedAt > version) changed.push(key)
    }
    return changed
  }

  /** Upper bound of the memory that the settings and the channels take, in bytes. */
  get bytes(): number {
    const { size: deleted = 0, length: deletedLength = 0 } = this.#deletions ?? {}
    const keys = (this.#settings?.size ?? 0) + deleted
    // A character takes up to two bytes.
    return 2 * (this.#length + deletedLength) + keys * keyCost + (this.channels?.size ?? 0) * nameCost
  }

  /** Whether nothing would be lost with the session: no user, no settings, no channel, no open request. */
  get holdsNothing(): boolean {
    const settings = this.#settings?.size ?? 0
    const channels = this.channels?.size ?? 0
    return this.#uid === null && settings === 0 && channels === 0 && this.lane.open === 0
  }

  /**
   * Calls `onResize` whenever `bytes` changes, until `unwatchSize`. Used while the client is away, so it also
   * drops the cached text, which is unlikely to be needed.
   */
  watchSize(onResize: () => void): void {
    this.#text = undefined
    this.#onResize = onResize
  }

  unwatchSize(): void {
    this.#onResize = undefined
  }

  /** Called by `Channels` when the session has joined or left one. */
  channelsChanged(): void {
    this.joins++
    this.#onResize?.()
  }

  /** Sets or removes the user. Called by the registry only, which keeps the sessions of each user. */
  setUid(uid: string | null, viewId: number): void {
    this.#uid = uid
    this.#version++
    this.takeBackStale(viewId)
  }

  /**
   * Takes back the requests of the lane's turn that have not started: their view lacks the change that was
   * just made. `viewId`: the view that made it; does nothing if that is the turn's own.
   */
  takeBackStale(viewId: number): void {
    const { turn } = this.lane
    if (turn !== undefined && turn.viewId !== viewId) turn.takeBack()
  }

  /** Returns the user, the settings and their versions, for another gateway. */
  exportSettings(): SettingsState {
    const [uid, version, deletionsForgotten] = [this.#uid, this.#version, this.#deletions?.forgotten ?? 0]
    const [settings, deletions] = [exportKeys(this.#settings), exportKeys(this.#deletions?.kept)]
    return { uid, version, settings, deletions, deletionsForgotten }
  }

  /** Takes in the user and the settings of another gateway. To all views their changes are foreign. */
  importSettings({ uid, version, settings, deletions, deletionsForgotten }: SettingsState): void {
    for (const [key, { text }] of settings) this.#length += lengthOf(key, text)
    this.#uid = uid
    this.#settings = importKeys(settings)
    if (deletions.length > 0 || deletionsForgotten > 0)
      this.#deletions = new Deletions(importKeys(deletions), deletionsForgotten)
    this.#version = version
  }

  /** Marks the session as ended. Called by the registry only. */
  close(): void {
    this.#isOpen = false
    this.receiver = this.#onResize = undefined
  }

  #keysChanged(length: number, viewId: number): void {
    this.#length = length
    this.#text = undefined
    this.takeBackStale(viewId)
    this.#onResize?.()
  }

  #setKey(key: string, text: string, version: number, viewId: number, { route, at }: Author): void {
    const present = this.#settings?.get(key)
    if (text !== '') {
      if (present === undefined) {
        this.#settings ??= new Map()
        this.#settings.set(key, { text, version, viewId, route, at })
        this.#deletions?.delete(key)
      } else {
        present.text = text
        present.version = version
        present.viewId = viewId
        present.route = route
        present.at = at
      }
      return
    }
    if (present === undefined) return
    this.#settings!.delete(key)
    this.#deletions ??= new Deletions()
    this.#deletions.add(key, { text, version, viewId, route, at })
  }
}
