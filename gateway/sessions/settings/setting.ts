/** The setting of a session: a key's text, and who changed it last; changes of several keys. */
import { ownText } from '../../../shared/text/own-text.js'
import { forEachSetting } from '../../../shared/values/settings-text.js'

/** A change of several keys, each of them once. The text '' deletes a key. */
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
 * changes, and must not keep the values that the others had. Of a key that comes twice, which no honest
 * worker sends, the last text counts: the session counts each key of a change once. Returns undefined for a
 * text of more than `most` keys.
 */
export function parseChange(settings: string, most: number): SettingsChange | undefined {
  const keys = new Map<string, string>()
  let count = 0
  const visit = (key: string, text: string) => {
    count++
    keys.set(ownText(key), ownText(text))
  }
  forEachSetting(settings, visit, most + 1)
  return count > most ? undefined : [...keys]
}
