/**
 * Changes of a session's settings, its deleted keys, and its state as one gateway hands it to another.
 */
import type { ConnectInfo } from '../../shared/link/hooks.js'
import { ownText } from '../../shared/text/own-text.js'
import { forEachSetting } from '../../shared/values/settings-text.js'

/** A change of several keys. The text '' deletes a key. */
export type SettingsChange = readonly (readonly [key: string, text: string])[]

/** The maker of a change, for people who look at a session. */
export interface Author {
  /** The route of the request that made it. null: the gateway's host. */
  readonly route: string | null
  /** When it was made: whole seconds since 1970, since these take the least memory. 0: not known. */
  readonly at: number
}

/** The value of a key, and its last change. */
export interface Setting extends Author {
  text: string
  /** The session's version when the key was last changed. */
  version: number
  /** The view that made this change; 0: the host, or another caller without a view. */
  viewId: number
  route: string | null
  at: number
}

/** Deleted keys that are remembered by their names. */
export const rememberedDeletions = 64

/**
 * The deleted keys of a session, for `commit`: the last ones by their names. Of older ones it knows only when
 * the latest was made, and by which view.
 */
export class Deletions {
  readonly #keys: Map<string, Setting>
  /** Number of characters of the keys. */
  #length = 0
  /** Version of the latest forgotten deletion, and its view. */
  #forgotten: number
  #forgottenView = 0
  /** Version of the latest forgotten deletion of all other views. */
  #forgottenElsewhere = 0

  constructor(keys = new Map<string, Setting>(), forgotten = 0) {
    this.#keys = keys
    this.#forgotten = forgotten
    for (const key of keys.keys()) this.#length += key.length
  }

  get size(): number {
    return this.#keys.size
  }

  get length(): number {
    return this.#length
  }

  get kept(): ReadonlyMap<string, Setting> {
    return this.#keys
  }

  get forgotten(): number {
    return this.#forgotten
  }

  add(key: string, deletion: Setting): void {
    this.#keys.set(key, deletion)
    this.#length += key.length
    if (this.#keys.size <= rememberedDeletions) return
    const [oldest, { version, viewId }] = this.#keys.entries().next().value!
    this.delete(oldest)
    if (viewId !== this.#forgottenView) {
      this.#forgottenElsewhere = this.#forgotten
      this.#forgottenView = viewId
    }
    this.#forgotten = version
  }

  /** Called when the key has a value again. */
  delete(key: string): void {
    if (this.#keys.delete(key)) this.#length -= key.length
  }

  /**
   * Returns the version at which a key without a value was deleted by another view than `viewId`, or may have
   * been; 0: it was not.
   */
  foreignTo(viewId: number, key: string): number {
    const deletion = this.#keys.get(key)
    if (deletion !== undefined) return isForeign(deletion, viewId) ? deletion.version : 0
    const isElsewhere = viewId === 0 || viewId !== this.#forgottenView
    return isElsewhere ? this.#forgotten : this.#forgottenElsewhere
  }
}

/** Whether a change was made by another view. To no view (0) all changes are foreign. */
export function isForeign(change: Pick<Setting, 'viewId'>, viewId: number): boolean {
  return viewId === 0 || change.viewId !== viewId
}

/** The author of a change that nobody is named for. */
export const noAuthor: Author = { route: null, at: 0 }

/** Returns the number of characters that a key takes with its text; 0 where the text is ''. */
export function lengthOf(key: string, text: string): number {
  return text === '' ? 0 : key.length + text.length
}

/**
 * Returns the change that sets all keys of a settings text. Its texts may be kept: some of them outlive later
 * changes, and must not keep the values that the others had.
 */
export function parseChange(settings: string): SettingsChange {
  const keys: [string, string][] = []
  forEachSetting(settings, (key, text) => keys.push([ownText(key), ownText(text)]))
  return keys
}

/** The value of a key, or its deletion, and its last change. */
export interface SettingState extends Author {
  readonly text: string
  /** The session's version when the key was last changed. */
  readonly version: number
}

type KeyStates = readonly (readonly [key: string, setting: SettingState])[]

export interface SettingsState {
  readonly uid: string | null
  readonly version: number
  readonly settings: KeyStates
  readonly deletions: KeyStates
  readonly deletionsForgotten: number
}

/** A request or notify that has not started. */
export interface WaitingRequest {
  readonly route: string
  readonly id: number
  readonly flags: number
  readonly body: string
  /** Milliseconds that it has left; 0: any number. */
  readonly timeout: number
  readonly traceparent: string | null
}

export interface SessionState extends SettingsState {
  readonly sid: number
  /** When it began, in milliseconds since 1970. */
  readonly since: number
  readonly protocol: ConnectInfo['protocol']
  /** Milliseconds that it waits for a client that is away; null: as the gateway's options say. */
  readonly resumeWindow: number | null
  readonly channels: readonly string[]
}

export function exportKeys(keys: ReadonlyMap<string, Setting> = new Map()): KeyStates {
  return [...keys].map(([key, { text, version, route, at }]) => [key, { text, version, route, at }])
}

/** Returns undefined for no key, so that it takes no memory. */
export function importKeys(keys: KeyStates): Map<string, Setting> | undefined {
  if (keys.length === 0) return undefined
  return new Map(
    keys.map(([key, { text, version, route, at }]) => [key, { text, version, viewId: 0, route, at }])
  )
}
