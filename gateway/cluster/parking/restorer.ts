/**
 * Restores sessions whose gateway is over, here, where their client comes back.
 *
 * Whoever wants one appends a claim and reads until it sees its own. The first claim of a start that is not
 * dead has the session. What is restored is looked at once more after that: it is gone if another gateway has
 * had the session meanwhile.
 */
import { closeCodes } from '../../../shared/close-codes.js'
import type { Taken } from '../../resume/far-sessions.js'
import { toldAgainFor } from '../../resume/farewells.js'
import { isEither } from '../../resume/resumable-parts.js'
import { replaced } from '../../sessions/registry-events.js'
import type { ClaimedBinds } from '../../sessions/user-claims.js'
import type { Timing } from '../link/link-host.js'
import type { Membership } from '../members/membership.js'
import type { Wanted } from '../moves/stock.js'
import { formatClaim, isState, newestOf, type ParkedEntry, type StateEntry } from './entries/parked-entry.js'
import type { ParkedLog } from './entries/parked-log.js'

/** What became of a search. `at`: another start has the session. */
export type Found = Taken | { readonly kind: 'at'; readonly start: number }

export interface RestorerInit {
  readonly log: ParkedLog
  readonly members: Pick<Membership, 'start' | 'hasLease' | 'others' | 'isDead'>
  /** undefined: users are not claimed. */
  readonly claimed: Pick<ClaimedBinds, 'lastOneWins' | 'claimRestored' | 'judgeClaim' | 'release'> | undefined
  /** Whether a session has ended here, so that what is left of it counts no more. */
  readonly isOver: (sid: number) => boolean
  /** Makes a session of an entry. Returns whether it could. */
  readonly revive: (entry: StateEntry, claim: number) => boolean
  /** While true, other gateways that ask for the session are told to ask again. */
  readonly setBusy: (sid: number, isBusy: boolean) => void
  /** Called when a session was restored from the entry with this number. */
  readonly restored: (sid: number, uid: string | null, number: number) => void
  readonly now: () => number
  readonly after: Timing['after']
}

/** Milliseconds until the store is asked again to remove a claim. */
const withdrawEvery = 1_000

const again: Found = { kind: 'again', ms: 250 }
const gone: Found = { kind: 'gone' }

export class Restorer {
  readonly #init: RestorerInit
  /** Sessions whose claims by this gateway were in vain, and are not removed yet. */
  readonly #withdrawing = new Set<number>()

  constructor(init: RestorerInit) {
    this.#init = init
  }

  /** Looks for a session, and restores it here if it is there and nobody has it. */
  async find(wanted: Wanted): Promise<Found> {
    const { log, members, setBusy } = this.#init
    const { sid } = wanted
    if (this.#withdrawing.has(sid)) return again
    const first = await this.#look(wanted, undefined)
    if ('kind' in first) return first
    const { start } = members
    setBusy(sid, true)
    let claim: number | undefined
    let found: Found = again
    try {
      claim = await log.append(sid, formatClaim(start))
      found = claim === undefined ? again : await this.#restore(wanted, start, claim)
      return found
    } finally {
      if (claim !== undefined && found.kind !== 'here') void this.#withdraw(sid, claim)
      else setBusy(sid, false)
    }
  }

  /** Removes a claim that was in vain. Until that is done, others are told to ask again. */
  async #withdraw(sid: number, claim: number): Promise<void> {
    const { log, setBusy, after } = this.#init
    this.#withdrawing.add(sid)
    while (!(await log.remove(claim))) await new Promise<void>(resolve => after(withdrawEvery, resolve))
    this.#withdrawing.delete(sid)
    setBusy(sid, false)
  }

  /** Goes on with a claim. */
  async #restore(wanted: Wanted, start: number, claim: number): Promise<Found> {
    const { log, members, claimed, revive, restored, after } = this.#init
    const { sid } = wanted
    const found = await this.#look(wanted, claim)
    if ('kind' in found) return found
    const { entry } = found
    const { uid } = entry.state.session
    const isStill = await log.has(sid, entry.number)
    if (isStill !== true) return again
    const kick = uid === null ? null : await log.kickBehind(entry.number, uid)
    if (kick === undefined) return again
    if (kick !== null) {
      // Until then the client is told again: the first word may be lost with its connection.
      after(toldAgainFor, () => void log.sweep(sid, ({ number }) => number < claim))
      return { kind: 'ended', farewell: { code: closeCodes.kicked, kickReason: kick.reason } }
    }
    const error = uid === null ? undefined : await claimed?.claimRestored(uid, sid)
    // Another session has the user by now, or that can't be known.
    if (error !== undefined) return error.code === 'SINGLE_SESSION' ? this.#taken : again
    const isLost = uid !== null && claimed?.judgeClaim(uid, sid) !== undefined
    const isOwn = members.hasLease && members.start === start
    if (!isLost && isOwn && revive(entry, claim)) {
      restored(sid, uid, entry.number)
      return { kind: 'here' }
    }
    if (uid !== null) claimed?.release(uid, sid)
    return isLost ? this.#taken : again
  }

  /** Another session has the user: as with any login, the client of the older one is told that. */
  get #taken(): Found {
    if (this.#init.claimed?.lastOneWins !== true) return gone
    const { code, kickReason } = replaced
    return { kind: 'ended', farewell: { code, kickReason } }
  }

  /**
   * Returns the entry to restore a session from, or who has it. `claim`: the own one, which must be
   * the first of those that count.
   */
  async #look(
    { sid, hash, uid }: Wanted,
    claim: number | undefined
  ): Promise<Found | { readonly entry: StateEntry }> {
    const { log, members, now, isOver } = this.#init
    const entries = await log.read(sid)
    if (entries === undefined) return again
    const entry = newestOf(entries)
    if (entry === undefined || isOver(sid)) return gone
    const holder = await this.#holderOf(entries, claim)
    if (holder === undefined) return again
    if (holder !== members.start) return { kind: 'at', start: holder }
    if (claim !== undefined && !entries.some(({ number }) => number === claim)) return again
    const { session, receiver, secrets } = entry.state
    const isKnown = secrets.held === hash || secrets.offered.includes(hash)
    if (!isKnown || !isEither([receiver.uid, session.uid], uid)) return gone
    return entry.endsAt > 0 && entry.endsAt <= now() ? gone : { entry }
  }

  /**
   * Returns the start that has a session: the writer of its records if it is neither dead nor has released
   * it, or the first that claims it. Nobody: the own start. undefined: not known at the moment.
   */
  async #holderOf(entries: readonly ParkedEntry[], claim: number | undefined): Promise<number | undefined> {
    const { members } = this.#init
    const released = new Map<number, number>()
    for (const { kind, start, number } of entries) if (kind === 'release') released.set(start, number)
    const counting = entries.filter(({ start, number }) => number > (released.get(start) ?? 0))
    for (const { kind, start, number } of counting) {
      if (start === members.start) {
        if (kind === 'claim' && number === claim) break
        continue
      }
      const isAlive = await this.#isAlive(start)
      if (isAlive !== false) return isAlive && start
    }
    // A record behind the own claim is of somebody who had the session before.
    for (const entry of counting) {
      const { start } = entry
      if (!isState(entry) || start === members.start) continue
      const isAlive = await this.#isAlive(start)
      if (isAlive !== false) return isAlive && start
    }
    return members.start
  }

  /** Resolves to false if a start is dead, and to undefined if that is not known yet. */
  async #isAlive(start: number): Promise<true | false | undefined> {
    const { members } = this.#init
    if (members.others.some(each => each.start === start)) return true
    return (await members.isDead(start)) === true ? false : undefined
  }
}
