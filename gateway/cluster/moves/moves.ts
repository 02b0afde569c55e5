/**
 * Sessions that move between gateways: puts both halves of the handover together, and tells the others
 * which sessions have come here. Made with the cluster.
 */
import type { Taken } from '../../resume/far-sessions.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Registry } from '../../sessions/registry.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Timing } from '../link/link-host.js'
import type { Item, Link, Links } from '../link/links.js'
import type { Membership } from '../members/membership.js'
import { Giver } from './giver.js'
import { MovedTable } from './moved-table.js'
import type { Stock, Wanted } from './stock.js'
import { Taker } from './taker.js'

export interface MovesInit {
  readonly links: Links
  readonly members: Pick<Membership, 'start' | 'others' | 'isDegraded' | 'watch'>
  readonly registry: Registry
  readonly resumption: Resumption
  readonly stock: Stock
  readonly metrics: Metrics
  readonly timing: Timing
  /** Milliseconds for which a session waits for its client. */
  readonly resumeWindow: number
  /** Looks for a session whose gateway is over. Default: there is none. */
  readonly findLost?: (wanted: Wanted) => Promise<Taken>
}

export class Moves {
  readonly #init: MovesInit
  readonly #moved = new MovedTable()
  readonly #taker: Taker
  readonly #giver: Giver
  /** Sessions here that have come from elsewhere. */
  readonly #arrived = new Set<number>()
  /** Since when the bus is away, by the monotonic clock; undefined: it is not. */
  #degradedSince: number | undefined
  #onGone: (() => void) | undefined

  constructor(init: MovesInit) {
    const { links, members, registry, resumption, stock, metrics, timing, resumeWindow } = init
    this.#init = init
    const moved = this.#moved
    const failed = () => metrics.count('handoversFailed')
    const mayLive = (start: number) => this.#mayLive(start)
    this.#taker = new Taker({
      ...{ links, moved, stock, timing, mayLive, failed },
      ownStart: () => members.start,
      findLost: init.findLost ?? (async () => ({ kind: 'gone' })),
      arrived: (sid, from) => this.#tellArrived(sid, from)
    })
    const gone = () => this.#onGone?.()
    this.#giver = new Giver({ links, moved, stock, timing, mayLive, failed, gone })
    links.read('take', (from, items) => this.#giver.asked(from, items))
    links.read('export', (from, items) => this.#taker.answered(from, items))
    links.read('settle', (from, items) => this.#settle(from, items))
    links.read('moved', (from, items) => this.#readMoved(from, items))
    links.watch({ linkUp: link => this.#linkUp(link), linkDown: link => this.#linkDown(link) })
    members.watch({
      stateChanged: isDegraded => (this.#degradedSince = isDegraded ? timing.monotonic() : undefined)
    })
    registry.on('closed', session => this.#left(session.sid, true))
    registry.on('moved', session => this.#left(session.sid, false))
    metrics.gauge('sessionsInTransit', () => this.#giver.inTransit)
    if (resumeWindow > 0) resumption.far = this.#taker
  }

  /** Returns the gateway to which a session has moved; undefined if that is not known. */
  readonly movedTo = (sid: number): string | undefined => {
    const start = this.#moved.find(sid)
    return start === undefined ? undefined : this.#init.links.ofStart(start)?.frontendId
  }

  /** Waits until no session waits for its client, but at most `ms` milliseconds. */
  async serve(ms: number): Promise<void> {
    const { timing, registry, resumption } = this.#init
    await new Promise<void>(resolve => {
      const stop = timing.after(ms, resolve)
      const look = () => {
        if (resumption.awayCount > 0 || this.#giver.isBusy) return
        stop()
        resolve()
      }
      this.#onGone = look
      registry.on('closed', look)
      look()
    })
    this.#onGone = undefined
  }

  /** Whether a start may still have sessions, although there may be no link to it at the moment. */
  #mayLive(start: number): boolean {
    const { members, timing, resumeWindow } = this.#init
    if (members.others.some(each => each.start === start)) return true
    return this.#degradedSince !== undefined && timing.monotonic() - this.#degradedSince < resumeWindow
  }

  #settle(from: Link, [word, ...rest]: readonly Item[]): void {
    const { stock } = this.#init
    const [first, second] = rest as number[]
    switch (word) {
      case 'taken':
      case 'refused':
        return this.#giver.settled(from, word === 'taken', first!, second!)
      case 'doubt':
        return this.#taker.doubted(from, first!, second!)
      case 'secured':
        return stock.secured(first!)
      case 'end': {
        const [sid, code, reason, kickReason] = rest as [number, number, string, string | null]
        return stock.end(sid, code, reason, kickReason)
      }
      default:
        throw new UnreadableBatchError(`a settle frame with ${String(word)}`)
    }
  }

  #tellArrived(sid: number, from: Link): void {
    this.#moved.delete(sid, from.start)
    this.#arrived.add(sid)
    for (const link of this.#init.links.all) if (link.isOpen) link.send('moved', ['here', sid])
  }

  /** A session is not here any more. */
  #left(sid: number, isOver: boolean): void {
    if (!this.#arrived.delete(sid) || !isOver) return
    for (const link of this.#init.links.all) if (link.isOpen) link.send('moved', ['over', sid])
  }

  #readMoved(from: Link, [word, ...sids]: readonly Item[]): void {
    for (const sid of sids as number[]) {
      if (word === 'over') this.#moved.delete(sid, from.start)
      else if (!this.#init.stock.has(sid)) this.#moved.set(sid, from.start)
    }
  }

  #linkUp(link: Link): void {
    if (this.#arrived.size > 0) link.send('moved', ['here', ...this.#arrived])
  }

  #linkDown(link: Link): void {
    this.#taker.linkDown(link)
    this.#moved.forget(link.start)
  }
}
