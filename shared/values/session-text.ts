/**
 * Formats and parses sessions as one text, the gateway's answer to a worker's read. Each session is written
 * as a piece of a settings text, with its number, uid and version as the key.
 */
import { forEachSetting, formatSetting } from './settings-text.js'

export interface SessionText {
  readonly sid: number
  readonly uid: string | null
  /** The session's version at the time of the read. */
  readonly version: number
  /** The session's settings, as a settings text. */
  readonly settings: string
}

export function formatSessions(sessions: readonly SessionText[]): string {
  return sessions
    .map(({ sid, uid, version, settings }) => formatSetting(JSON.stringify([sid, uid, version]), settings))
    .join('')
}

export function parseSessions(text: string): SessionText[] {
  const sessions: SessionText[] = []
  forEachSetting(text, (head, settings) => {
    const [sid, uid, version] = JSON.parse(head)
    sessions.push({ sid, uid, version, settings })
  })
  return sessions
}
