/**
 * Sessions that move between gateways: puts both halves of the handover together, and tells the others
 * which sessions have come here. Made with the cluster.
 */
import type { Logger } from '../../../shared/text/log.js'
import type { Taken } from '../../resume/far-sessions.js'
import type { KeptFarewell } from '../../resume/farewells.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Registry } from '../../sessions/registry.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { SeldomLine } from '../../telemetry/seldom-line.js'
import type { Cuts } from '../cuts/cuts.js'
import type { MovedTable } from '../cuts/moved-table.js'
import { readFarewells, writeFarewells } from '../items/farewells.js'
import { startOf } from '../leases/start-number.js'
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Timing } from '../link/link-host.js'
import type { Item, Link, Links } from '../link/links.js'
import type { Membership } from '../members/membership.js'
import { Giver } from './giver.js'
import type { OwedClaims } from './owed-claims.js'
import type { FailedMove, Stock, Wanted } from './stock.js'
import { Taker } from './taker.js'

export interface MovesInit {
  readonly links: Links
  readonly members: Pick<Membership, 'start' | 'others' | 'isDegraded' | 'watch'>
  readonly registry: Registry
  readonly resumption: Resumption
  readonly stock: Stock
  readonly owed: OwedClaims
  readonly cuts: Cuts
  readonly moved: MovedTable
  readonly metrics: Metrics
  readonly log: Logger
  readonly timing: Timing
  /** Milliseconds for which a session waits for its client. */
  readonly resumeWindow: number
  /** Looks for a session whose gateway is over. Default: there is none. */
  readonly findLost?:
    | ((wanted: Wanted) => Promise<Taken | { readonly kind: 'at'; readonly start: number }>)
    | undefined
}

/** Gateways to which the end of a session may be passed on. */
const mostPassed = 4

/** Milliseconds after which a client asks again. */
const againAfter = 250

/** Milliseconds for which others may still join, and for which one that has joined may not have told yet. */
const longestGreeting = 1_000
const longestTelling = 5_000

export class Moves {
  readonly #init: MovesInit
  readonly #taker: Taker
  readonly #giver: Giver
  /** Since when the bus is away, by the monotonic clock; undefined: it is not. */
  #degradedSince: number | undefined
  #onGone: (() => void) | undefined
  /** Members that have not told which sessions have come to them, each with since when. */
  readonly #untold = new Map<number, number>()
  readonly #begunAt: number

  constructor(init: MovesInit) {
    const { links, members, registry, resumption, stock, metrics, timing, resumeWindow, moved, cuts } = init
    const { owed, log } = init
    this.#init = init
    const line = new SeldomLine('A session was not moved', { log, monotonic: timing.monotonic }, 'info')
    const failed: FailedMove = (sid, gateway, why) => {
      metrics.count('handoversFailed')
      line.tell({ sid, gateway, why })
    }
    const mayLive = (start: number) => this.#mayLive(start)
    this.#taker = new Taker({
      links,
      moved,
      stock,
      timing,
      mayLive,
      failed,
      ownStart: () => members.start,
      findLost: (wanted, notAt) => this.#findLost(wanted, notAt),
      isKeeping: init.findLost !== undefined,
      arrived: (sid, from, move, trail) => cuts.came(sid, from, move, trail)
    })
    const gone = () => this.#onGone?.()
    const mayHaveHeirs = () => this.#mayHaveHeirs
    this.#giver = new Giver({ links, moved, stock, cuts, timing, mayLive, mayHaveHeirs, failed, gone })
    links.read('take', (from, items) => this.#giver.asked(from, items))
    links.read('export', (from, items) => this.#taker.answered(from, items))
    links.read('settle', (from, items) => this.#settle(from, items))
    links.read('moved', (from, items) => {
      this.#readMoved(from, items)
      this.#onGone?.()
    })
    links.read('farewells', (_from, items) => {
      for (const farewell of readFarewells(items)) resumption.keepOn(farewell)
    })
    links.watch({ linkUp: link => this.#linkUp(link), linkDown: link => this.#linkDown(link) })
    this.#begunAt = timing.monotonic()
    for (const { start } of members.others) this.#untold.set(start, this.#begunAt)
    members.watch({
      joined: ({ start }) => this.#untold.set(start, timing.monotonic()),
      left: start => {
        this.#untold.delete(start)
        this.#askHeirs(start)
        owed.gone(start)
        // When its link has ended, too.
        timing.soon(() => moved.forget(start))
      },
      restarted: () => cuts.restarted(registry.all().map(({ sid }) => sid)),
      stateChanged: isDegraded => (this.#degradedSince = isDegraded ? timing.monotonic() : undefined)
    })
    registry.on('closed', session => this.#ended(session.sid))
    metrics.gauge('sessionsInTransit', () => this.#giver.inTransit)
    if (resumeWindow > 0) resumption.far = this.#taker
  }

  /**
   * Returns the gateway to which a session has moved; undefined if that is not known; null if there is no
   * link to it at the moment.
   */
  readonly movedTo = (sid: number): string | undefined | null => {
    const start = this.#init.moved.find(sid)
    if (start === undefined) return undefined
    return this.#init.links.ofStart(start)?.frontendId ?? null
  }

  /**
   * Waits until no session waits for its client, and all others know where those are that have gone: until
   * then they send here what is for them. But at most `ms` milliseconds.
   */
  async serve(ms: number): Promise<void> {
    const { timing, registry, resumption, cuts } = this.#init
    await new Promise<void>(resolve => {
      const stop = timing.after(ms, resolve)
      const look = () => {
        if (resumption.awayCount > 0 || this.#giver.isBusy || cuts.size > 0) return
        stop()
        resolve()
      }
      this.#onGone = look
      registry.on('closed', look)
      look()
    })
    this.#onGone = undefined
  }

  /** Has the others tell the clients whose sessions were ended here on purpose, and who were not told yet. */
  handOverFarewells(): void {
    const { links, resumption } = this.#init
    for (const link of links.all) tellFarewells(link, resumption.farewells)
  }

  /** Whether a start may still have sessions, although there may be no link to it at the moment. */
  #mayLive(start: number): boolean {
    const { members, timing, resumeWindow } = this.#init
    if (members.others.some(each => each.start === start)) return true
    return this.#degradedSince !== undefined && timing.monotonic() - this.#degradedSince < resumeWindow
  }

  #settle(from: Link, [word, ...rest]: readonly Item[]): void {
    const { stock, owed, moved, links } = this.#init
    const [first, second] = rest as number[]
    switch (word) {
      case 'taken':
      case 'refused':
        return this.#giver.settled(from, word === 'taken', first!, second!)
      case 'doubt':
        return this.#taker.doubted(from, first!, second!)
      case 'secured':
        return owed.secured(first!)
      case 'owed':
        return owed.tell(from, first!, String(second))
      case 'end': {
        const [sid, code, reason, kickReason, hops = 0] = rest as [
          number,
          number,
          string,
          string | null,
          number?
        ]
        if (stock.end(sid, code, reason, kickReason) || hops >= mostPassed) return
        // It has moved on since.
        const start = moved.find(sid)
        const to = start === undefined ? undefined : links.ofStart(start)
        if (to?.isOpen === true && to !== from)
          to.send('settle', ['end', sid, code, reason, kickReason, hops + 1])
        return
      }
      default:
        throw new UnreadableBatchError(`a settle frame with ${String(word)}`)
    }
  }

  /** Whether a member may have sessions without this gateway's knowledge. */
  get #mayHaveHeirs(): boolean {
    const now = this.#init.timing.monotonic()
    if (now - this.#begunAt < longestGreeting) return true
    return [...this.#untold.values()].some(since => now - since < longestTelling)
  }

  async #findLost(wanted: Wanted, notAt: number | undefined): Promise<Taken> {
    if (this.#mayHaveHeirs) return { kind: 'again', ms: againAfter }
    const found = (await this.#init.findLost?.(wanted)) ?? { kind: 'gone' }
    if (found.kind !== 'at') return found
    // What is left of a session that has ended there.
    if (found.start === notAt) return { kind: 'gone' }
    this.#init.moved.guess(wanted.sid, found.start)
    return { kind: 'again', ms: againAfter }
  }

  /**
   * Tells the others that a session is over that had come here. Not before its client can't come back any
   * more: wherever it does, it is told here why its session was ended.
   */
  #ended(sid: number): void {
    const { cuts, links, timing, resumeWindow } = this.#init
    if (!cuts.ended(sid)) return
    timing.after(resumeWindow, () => {
      for (const link of links.all) if (link.isOpen) link.send('moved', ['over', sid])
    })
  }

  #readMoved(from: Link, [word, ...rest]: readonly Item[]): void {
    const { cuts, moved } = this.#init
    switch (word) {
      case 'come':
        return cuts.readCome(from, rest)
      case 'here':
        this.#untold.delete(from.start)
        return cuts.readHere(from, rest)
      case 'tell':
        return from.send('moved', ['told'])
      case 'told':
        this.#untold.delete(from.start)
        return
      case 'seen':
        this.#taker.seen(from, rest)
        return cuts.readSeen(from, rest)
      case 'passed':
        return cuts.readPassed(from, rest)
      case 'over':
        for (const sid of rest as number[]) {
          moved.delete(sid, from.start)
          cuts.over(sid)
        }
        return
      default:
        throw new UnreadableBatchError(`a moved frame with ${String(word)}`)
    }
  }

  /**
   * Asks the others to say that they have told of all sessions that have come to them. Some may have come
   * from a gateway that is over now, and the word of that may be on its way. What a link brings is in order.
   */
  #askHeirs(over: number): void {
    const { links, timing } = this.#init
    for (const link of links.all) {
      // Its own link ends later.
      if (!link.isOpen || link.start === over) continue
      this.#untold.set(link.start, timing.monotonic())
      link.send('moved', ['tell'])
    }
  }

  #linkUp(link: Link): void {
    const { cuts, owed, members, resumption } = this.#init
    cuts.linkUp(link)
    owed.linkUp(link)
    const here: number[] = []
    for (const [sid, move] of cuts.here) here.push(sid, move)
    link.send('moved', ['here', ...here])
    // Who has just joined asks the gateway where a session began, and nobody if that one has ended.
    tellFarewells(
      link,
      resumption.farewells.filter(({ sid }) => startOf(sid) !== members.start)
    )
  }

  /** What it had stays known: it may still be there, and have a link again soon. */
  #linkDown(link: Link): void {
    const { cuts, members, moved, timing } = this.#init
    this.#taker.linkDown(link)
    cuts.linkDown(link)
    this.#onGone?.()
    if (!members.others.some(({ start }) => start === link.start)) moved.forget(link.start)
    else this.#untold.set(link.start, timing.monotonic())
  }
}

function tellFarewells(to: Link, farewells: readonly KeptFarewell[]): void {
  if (farewells.length > 0) to.send('farewells', writeFarewells(farewells))
}
