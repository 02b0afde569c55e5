/** A session's state, as one gateway hands it to another. */
import type { ConnectInfo } from '../../shared/link/hooks.js'
import type { Author, Setting } from './settings/setting.js'

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
