/** One page of a channel's members: the options for it, and the gateway's answer. */
import type { SessionAddress } from '../address.js'
import { expectObject } from '../check.js'
import { describeValue } from '../text/described.js'

/** A session in a channel. */
export interface Member {
  readonly address: SessionAddress
  /** The user that the session is bound to; null if it is bound to none. */
  readonly uid: string | null
}

/** Options that select a page of a channel's members. */
export interface MembersOptions {
  /**
   * The last member of the previous page.
   *
   * @defaultValue `undefined`: the first page
   */
  readonly after?: Member | undefined
  /**
   * Maximum number of members in the page, from 1 to 1,000.
   *
   * @defaultValue `1000`
   */
  readonly limit?: number
}

/** Maximum number of members in a page. */
const longestPage = 1_000

/** The request for a page: `count` members with session numbers above `after`. */
interface MembersPage {
  readonly after: number
  readonly count: number
}

/**
 * Checks the options of a method, and fills in defaults. `addressOf`: checks the address of a session.
 *
 * @throws TypeError for invalid options
 */
export function readMembersPage(
  method: string,
  options: MembersOptions,
  addressOf: (session: SessionAddress) => SessionAddress
): MembersPage {
  const { after, limit = longestPage } = expectObject(options, `the options of ${method}`)
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new TypeError(`Expected a limit from 1 to ${longestPage}, got ${describeValue(limit)}`)
  }
  // A session's number is unique in a cluster, and it keeps it when it moves.
  const behind = after === undefined ? 0 : addressOf(expectObject(after, `after of ${method}`).address).sid
  return { after: behind, count: limit }
}

/**
 * Reads the gateway's answer: a JSON array of `[sid, uid]`, with the name of their gateway behind for those
 * of other gateways than `own`.
 */
export function parseMembers(page: string, own: string): Member[] {
  const members: [sid: number, uid: string | null, frontendId?: string][] = JSON.parse(page)
  return members.map(([sid, uid, frontendId = own]) => ({ address: { frontendId, sid }, uid }))
}
