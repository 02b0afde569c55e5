/**
 * Formats and parses sessions as one text, the gateway's answer to a worker's read. Each session is written
 * as a piece of a settings text, with its number, uid, version and connection as the key.
 */
import { forEachSetting, formatSetting } from './settings-text.js'

export interface SessionText {
  readonly sid: number
  readonly uid: string | null
  /** The session's version at the time of the read. */
  readonly version: number
  /** The session's settings, as a settings text. */
  readonly settings: string
  /** Whether its client was connected at that time. */
  readonly isConnected: boolean
}

export function formatSessions(sessions: readonly SessionText[]): string {
  return sessions
    .map(({ settings, ...head }) =>
      formatSetting(JSON.stringify([head.sid, head.uid, head.version, head.isConnected]), settings)
    )
    .join('')
}

export function parseSessions(text: string): SessionText[] {
  const sessions: SessionText[] = []
  forEachSetting(text, (head, settings) => {
    const [sid, uid, version, isConnected] = JSON.parse(head)
    sessions.push({ sid, uid, version, settings, isConnected })
  })
  return sessions
}
