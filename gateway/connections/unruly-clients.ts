/**
 * Lines of the log about clients that are closed because they send too much or read too slowly, or because
 * the gateway has not read from them for too long.
 * At most one of each kind in ten seconds, so that an operator finds who it is without `logLevel: 'debug'`.
 * Owned by Connections.
 */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import { type NamedSession, nameSession } from '../../shared/text/log.js'
import { SeldomLine, type SeldomLineInit } from '../telemetry/seldom-line.js'
import { endings } from './close-reason.js'

const messages: readonly (readonly [CloseCode, string])[] = [
  [closeCodes.flooded, 'A client has sent too much, and is closed'],
  [closeCodes.slow, 'A client has read too slowly, and is closed']
]

const unread = 'The requests of a client were not taken for too long, and it is closed'

export class UnrulyClients {
  readonly #lines: ReadonlyMap<CloseCode, SeldomLine>
  readonly #unread: SeldomLine

  constructor(init: SeldomLineInit) {
    this.#lines = new Map(messages.map(([code, message]) => [code, new SeldomLine(message, init)]))
    this.#unread = new SeldomLine(unread, init)
  }

  /** Tells the log of a client that is being closed, if its close code is one of these. */
  tell(code: CloseCode, ip: string, session: NamedSession | undefined, reason: string): void {
    const names = session === undefined ? {} : nameSession(session)
    // It has the close code of slow clients, but is no fault of theirs.
    const line = reason === endings.unread.reason ? this.#unread : this.#lines.get(code)
    line?.tell({ ip, ...names, code, ...(reason !== '' && { reason }) })
  }
}
