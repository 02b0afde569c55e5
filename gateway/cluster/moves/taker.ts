/**
 * Brings sessions of other gateways here, when their clients come back here: the asking half of the handover.
 *
 *   asked ──▶ taken        the session has come, and lives here
 *     └─────▶ over         no answer in time, or another one: whatever comes later is refused
 */
import type { ResumePoint } from '../../../shared/wire/resume.js'
import type { FarSessions, Taken } from '../../resume/far-sessions.js'
import { hashSecret, sidOfToken } from '../../resume/resume-secrets.js'
import { pairsOf } from '../cuts/moved-items.js'
import type { MovedTable } from '../cuts/moved-table.js'
import { startOf } from '../leases/start-number.js'
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Timing } from '../link/link-host.js'
import type { Item, Link, Links } from '../link/links.js'
import type { ExportWord, FailedMove, Stock, Wanted } from './stock.js'

export interface TakerInit {
  readonly links: Pick<Links, 'ofStart' | 'all'>
  readonly moved: MovedTable
  readonly stock: Pick<Stock, 'has' | 'isLeaving' | 'adopt'>
  readonly timing: Timing
  readonly ownStart: () => number
  /** Whether a start may still be there, although there is no link to it. */
  readonly mayLive: (start: number) => boolean
  /**
   * Looks for a session whose gateway is over. `notAt`: a start that has said that it has not got it;
   * undefined: none.
   */
  readonly findLost: (wanted: Wanted, notAt: number | undefined) => Promise<Taken>
  /** Whether sessions are kept whose gateway is over. */
  readonly isKeeping: boolean
  /** Called when a session has come. */
  readonly arrived: (sid: number, from: Link, move: number, trail: readonly number[]) => void
  readonly failed: FailedMove
}

/**
 * Milliseconds for which a session is waited for, and until its client is to ask again. And times that it is
 * waited for on, while long frames come: one of them may be the session.
 */
const longestWait = 3_000
const mostWaits = 10
const againAfter = 250

/** Gateways that one take may be sent to, one after the other. */
const mostHops = 4

/** Sessions whose takes are remembered. Beyond it those of the oldest are forgotten. */
const mostRemembered = 100_000

/** A take that has succeeded. Its gateway may be in doubt until it says that it knows of the move. */
interface Succeeded {
  readonly tid: number
  /** The start that gave the session. */
  readonly start: number
  readonly move: number
}

interface Asked {
  readonly wanted: Wanted
  readonly link: Link
  readonly hops: number
  readonly done: (taken: Taken) => void
  stop: () => void
}

export class Taker implements FarSessions {
  readonly #init: TakerInit
  readonly #asked = new Map<number, Asked>()
  /** The takes under way, by session, each with the hash of the secret that it is asked with. */
  readonly #underWay = new Map<number, { readonly hash: string; readonly taken: Promise<Taken> }>()
  /** By session. */
  readonly #succeeded = new Map<number, readonly Succeeded[]>()
  #lastTid = 0

  constructor(init: TakerInit) {
    this.#init = init
  }

  mayHave(token: string): boolean {
    const sid = sidOfToken(token)
    if (sid === undefined || this.#init.stock.has(sid)) return false
    const { moved, ownStart, isKeeping } = this.#init
    // One that began here may have moved, and been lost with its gateway.
    return moved.find(sid) !== undefined || startOf(sid) !== ownStart() || isKeeping
  }

  async take(point: ResumePoint, uid: string | null): Promise<Taken> {
    const sid = sidOfToken(point.token)
    if (sid === undefined) return { kind: 'gone' }
    // Another gateway may have it, and says so soon. Until then it is not to be in two places here.
    if (this.#init.stock.isLeaving(sid)) return { kind: 'again', ms: againAfter }
    const hash = hashSecret(point.token)
    const earlier = this.#underWay.get(sid)
    if (earlier !== undefined) {
      // Another connection has asked for it already. The secret is looked at when the session is here. It is
      // not to be had by an older secret, if its client has been elsewhere meanwhile.
      const found = await earlier.taken
      return found.kind === 'gone' && earlier.hash !== hash ? this.take(point, uid) : found
    }
    const taken = this.#find({ sid, hash, uid }).finally(() => this.#underWay.delete(sid))
    this.#underWay.set(sid, { hash, taken })
    return taken
  }

  /** Reads an `export` frame. */
  answered(from: Link, [tid, word, ...rest]: readonly Item[]): void {
    const asked = this.#asked.get(tid as number)
    if (asked === undefined || asked.link !== from) {
      // The first item is the number of the session.
      if (word === 'here') this.#settle(from, tid as number, rest[0] as number, false)
      return
    }
    switch (word as ExportWord) {
      case 'here': {
        const { sid } = asked.wanted
        const { move, trail, items } = readMove(rest)
        const isTaken = this.#adopt(items, from, sid, () => {
          this.#remember(sid, { tid: tid as number, start: from.start, move })
          this.#settle(from, tid as number, sid, true)
          this.#init.arrived(sid, from, move, trail)
        })
        if (!isTaken) this.#settle(from, tid as number, sid, false)
        return this.#end(tid as number, isTaken ? { kind: 'here' } : { kind: 'again', ms: againAfter })
      }
      case 'again':
        return this.#end(tid as number, { kind: 'again', ms: Number(rest[0]) })
      case 'ended': {
        const [code, kickReason] = rest as [number, string | null]
        return this.#end(tid as number, { kind: 'ended', farewell: { code, kickReason } })
      }
      case 'ask': {
        const link = this.#init.links.ofStart(rest[0] as number)
        if (link === undefined || asked.hops === mostHops)
          return this.#end(tid as number, { kind: 'again', ms: againAfter })
        this.#asked.delete(tid as number)
        asked.stop()
        return this.#ask(asked.wanted, link, asked.hops + 1, asked.done)
      }
      default:
        return this.#end(tid as number, { kind: 'gone' })
    }
  }

  /** Another gateway wants to know what became of a take. By that, one that is still asked is over. */
  doubted(from: Link, tid: number, sid: number): void {
    const isRemembered = this.#succeeded.get(sid)?.some(each => each.tid === tid) === true
    if (isRemembered || this.#isHere(sid)) return this.#settle(from, tid, sid, true)
    this.#settle(from, tid, sid, false)
    if (this.#asked.get(tid)?.link === from) this.#fail(tid, 'the session did not come in time')
  }

  /** Another gateway knows of moves: it is in no doubt about takes of before. */
  seen({ start }: Link, pairs: readonly Item[]): void {
    for (const [sid, move] of pairsOf(pairs)) {
      const takes = this.#succeeded.get(sid)
      if (takes === undefined) continue
      const left = takes.filter(take => take.start !== start || take.move > move)
      if (left.length > 0) this.#succeeded.set(sid, left)
      else this.#succeeded.delete(sid)
    }
  }

  /** A link has ended: what was asked over it is over. */
  linkDown(link: Link): void {
    for (const [tid, asked] of this.#asked)
      if (asked.link === link) this.#fail(tid, 'the link to its gateway has ended')
  }

  async #find(wanted: Wanted): Promise<Taken> {
    const { links, moved, ownStart, mayLive, findLost } = this.#init
    const last = moved.find(wanted.sid)
    const start = last ?? startOf(wanted.sid)
    const link = start === ownStart() ? undefined : links.ofStart(start)
    if (link?.isOpen === true) {
      const isGuess = last === undefined || moved.isGuess(wanted.sid)
      const taken = await new Promise<Taken>(resolve => this.#ask(wanted, link, 1, resolve))
      // Where it began it is not known that it was lost with the gateway that had it last. And a gateway that
      // seems to have it may have failed to restore it.
      if (taken.kind !== 'gone' || !isGuess) return taken
      moved.delete(wanted.sid, start)
      return findLost(wanted, start)
    }
    if (start !== ownStart() && mayLive(start)) return { kind: 'again', ms: againAfter }
    return findLost(wanted, undefined)
  }

  /** Takes a session in, unless it is in this gateway already. */
  #adopt(items: readonly Item[], from: Link, sid: number, taken: () => void): boolean {
    return !this.#isHere(sid) && this.#init.stock.adopt(items, from, taken)
  }

  /** Whether a session is here, or on its way from here. */
  #isHere(sid: number): boolean {
    const { stock } = this.#init
    return stock.has(sid) || stock.isLeaving(sid)
  }

  #ask(wanted: Wanted, link: Link, hops: number, done: (taken: Taken) => void): void {
    const tid = ++this.#lastTid
    const asked = { wanted, link, hops, done, stop: () => {} }
    this.#asked.set(tid, asked)
    this.#await(tid, asked, 1)
    link.send('take', [tid, wanted.sid, wanted.hash, wanted.uid])
  }

  #await(tid: number, asked: Asked, waits: number): void {
    const { piecesTaken } = asked.link
    asked.stop = this.#init.timing.after(longestWait, () => {
      const isComing = asked.link.piecesTaken > piecesTaken
      if (isComing && waits < mostWaits) this.#await(tid, asked, waits + 1)
      else this.#fail(tid, `no answer within ${waits * longestWait} ms`)
    })
  }

  #fail(tid: number, why: string): void {
    const { wanted, link } = this.#asked.get(tid)!
    this.#init.failed(wanted.sid, link.frontendId, why)
    this.#end(tid, { kind: 'again', ms: againAfter })
  }

  #end(tid: number, taken: Taken): void {
    const asked = this.#asked.get(tid)
    this.#asked.delete(tid)
    asked?.stop()
    asked?.done(taken)
  }

  #settle(to: Link, tid: number, sid: number, isTaken: boolean): void {
    if (to.isOpen) to.send('settle', [isTaken ? 'taken' : 'refused', tid, sid])
  }

  #remember(sid: number, take: Succeeded): void {
    this.#succeeded.set(sid, [...(this.#succeeded.get(sid) ?? []), take])
    if (this.#succeeded.size <= mostRemembered) return
    const [oldest] = this.#succeeded.keys()
    this.#succeeded.delete(oldest!)
  }
}

/** Reads what stands before an exported session: the number of its move, and its former gateways. */
function readMove([, move, length, ...rest]: readonly Item[]) {
  if (typeof move !== 'number' || typeof length !== 'number' || length > rest.length)
    throw new UnreadableBatchError('a session without the number of its move')
  const trail = rest.slice(0, length)
  return { move, trail: trail as readonly number[], items: rest.slice(length) }
}
