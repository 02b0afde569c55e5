/**
 * The names of sessions and users in handlers' calls, and the options of events that name some.
 * Names may come straight from a client's body, and so they are checked here before they leave the worker.
 */
import type { SessionAddress } from '../../shared/address.js'
import { expectOneFrontendId } from '../../shared/check.js'
import type { BroadcastFilter, EventOptions } from '../../shared/events/event.js'
import { describeValue } from '../../shared/text/described.js'

/** Names a session: a BackendSession, or an address `{ frontendId, sid }`. */
export type SessionLike = SessionAddress | { readonly frontendId: string; readonly id: number }

/** The recipient of an event: one session, or a uid for all sessions of that user. */
export type Recipient = SessionLike | string

/** Options of an event for several sessions. */
export interface ExceptOptions extends EventOptions {
  /**
   * A session, or a list of sessions, that do not get the event.
   *
   * @defaultValue none
   */
  readonly except?: SessionLike | readonly SessionLike[]
}

/** Options of an event for all sessions. */
export interface BroadcastOptions extends ExceptOptions {
  /**
   * The recipients of the event: `'all'` sessions, or only sessions that are `'bound'` to a user.
   *
   * @defaultValue `'all'`
   */
  readonly filter?: BroadcastFilter
}

const sessionForms = 'a session, or its { frontendId, sid }'
const recipientForms = `a uid, ${sessionForms}`

/**
 * Returns the address of a session. `isUidTaken`: whether the caller takes a uid, too. Its error says so.
 *
 * @throws TypeError for anything that does not name a session
 */
export function addressOf(session: SessionLike, isUidTaken = false): SessionAddress {
  const expected = isUidTaken ? recipientForms : sessionForms
  if (typeof session !== 'object' || session === null || Array.isArray(session))
    throw new TypeError(`Expected ${expected}, got ${describeValue(session)}`)
  const { frontendId } = session
  const sid = 'sid' in session ? session.sid : session.id
  if (typeof frontendId === 'string' && Number.isSafeInteger(sid))
    return { frontendId: expectOneFrontendId(frontendId), sid }
  throw new TypeError(
    `Expected ${expected}, got { frontendId: ${describeValue(frontendId)}, sid: ${describeValue(sid)} }`
  )
}
