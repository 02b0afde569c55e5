/**
 * Formats and parses sessions as one text, the gateway's answer to a worker's read. Each session is written
 * as a piece of a settings text, with its number, uid, version and connection as the key, and the name of its
 * gateway if that is not the one that was asked.
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

/** A session that was found, with its gateway. */
export interface FoundSession extends SessionText {
  readonly frontendId: string
}

/** Formats sessions of one gateway. `frontendId`: its name, if it is not the one that was asked. */
export function formatSessions(sessions: readonly SessionText[], frontendId?: string): string {
  let text = ''
  for (const { sid, uid, version, settings, isConnected } of sessions) {
    const head: unknown[] = [sid, uid, version, isConnected]
    if (frontendId !== undefined) head.push(frontendId)
    text += formatSetting(JSON.stringify(head), settings)
  }
  return text
}

/** Parses sessions. `asked`: the gateway that was asked, which has those that name no gateway. */
export function parseSessions(text: string, asked: string): FoundSession[] {
  const sessions: FoundSession[] = []
  forEachSetting(text, (head, settings) => {
    const [sid, uid, version, isConnected, frontendId = asked] = JSON.parse(head)
    sessions.push({ sid, uid, version, settings, isConnected, frontendId })
  })
  return sessions
}
