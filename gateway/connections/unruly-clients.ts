/**
 * Lines of the log about clients that are closed because they send too much or read too slowly.
 * At most one of each kind in ten seconds, so that an operator finds who it is without `logLevel: 'debug'`.
 * Owned by Connections.
 */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import { type NamedSession, nameSession } from '../../shared/text/log.js'
import { SeldomLine, type SeldomLineInit } from '../telemetry/seldom-line.js'

const messages: readonly (readonly [CloseCode, string])[] = [
  [closeCodes.flooded, 'A client has sent too much, and is closed'],
  [closeCodes.slow, 'A client has read too slowly, and is closed']
]

export class UnrulyClients {
  readonly #lines: ReadonlyMap<CloseCode, SeldomLine>

  constructor(init: SeldomLineInit) {
    this.#lines = new Map(messages.map(([code, message]) => [code, new SeldomLine(message, init)]))
  }

  /** Tells the log of a client that is being closed, if its close code is one of these. */
  tell(code: CloseCode, ip: string, session: NamedSession | undefined, reason: string): void {
    const names = session === undefined ? {} : nameSession(session)
    this.#lines.get(code)?.tell({ ip, ...names, code, ...(reason !== '' && { reason }) })
  }
}
