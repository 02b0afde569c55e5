/** The sessions of a gateway as the handover sees them, and the words that both ends of it use. */
import type { ResumeFailure } from '../../../shared/wire/resume.js'
import type { Farewell } from '../../resume/farewells.js'
import type { Item, Link } from '../link/links.js'

/** What is asked for: a session, by the number and the hash in its token, for a user. */
export interface Wanted {
  readonly sid: number
  readonly hash: string
  readonly uid: string | null
}

/**
 * What another gateway gets that asks for a session. `ready`: all of it; it is on its way from then on.
 * `tooLarge`: the link can't carry it, and so it is to end here.
 */
export type Release =
  | { readonly kind: 'ready'; readonly items: readonly Item[] }
  | { readonly kind: 'again'; readonly ms: number }
  | { readonly kind: 'gone'; readonly reason: ResumeFailure }
  | { readonly kind: 'ended'; readonly farewell: Farewell }
  | { readonly kind: 'tooLarge'; readonly bytes: number }

export interface Stock {
  /** Whether a session is here, and not on its way. */
  has(sid: number): boolean
  isLeaving(sid: number): boolean
  /**
   * Makes a session ready to leave, which takes until its running requests are decided. `room`: returns how
   * many bytes it may have by then; 0: none.
   */
  release(wanted: Wanted, to: Link, room: () => number): Promise<Release>
  /** The other gateway has not taken it: it goes on here. */
  restore(sid: number): void
  /** The other gateway is over, and may have had it: it ends here. */
  lose(sid: number): void
  /** The other gateway has it. */
  forget(sid: number, to: Link): void
  /**
   * Takes a session in that is neither here nor on its way from here. Calls `taken` once it is here, before
   * anybody is told. Returns false if it can't.
   *
   * @throws UnreadableBatchError
   */
  adopt(items: readonly Item[], from: Link, taken: () => void): boolean
  /**
   * A session that came from elsewhere was to end while it was on its way. If it is on its way again, it ends
   * where it goes. Returns false if it is not here any more.
   */
  end(sid: number, code: number, reason: string, kickReason: string | null): boolean
}

/**
 * Called when a session was not moved that was to be. `gateway`: the other gateway, or its start, if it is
 * lost.
 */
export type FailedMove = (sid: number, gateway: string | number, why: string) => void

/** Orders of the `export` frame. */
export type ExportWord = 'here' | 'again' | 'gone' | 'ended' | 'ask'
