/**
 * Hands sessions over to other gateways that ask for them: the answering half of the handover. A session is
 * here, or on its way, or gone: never here and there.
 *
 *   here ──▶ releasing ──▶ in transit ──▶ gone        releasing: the link gets room, its requests end
 *    ▲           │             │
 *    └───────────┴─────────────┘ refused, or the other gateway knows nothing of it
 */

import { closeCodes } from '../../../shared/close-codes.js'
import { resumeFailures } from '../../../shared/wire/resume.js'
import type { Cuts } from '../cuts/cuts.js'
import type { MovedTable } from '../cuts/moved-table.js'
import type { Timing } from '../link/link-host.js'
import type { Item, Link, Links } from '../link/links.js'
import type { ExportWord, FailedMove, Stock, Wanted } from './stock.js'

export interface GiverInit {
  readonly links: Pick<Links, 'ofStart'>
  readonly moved: MovedTable
  readonly stock: Stock
  readonly cuts: Pick<Cuts, 'moveOf' | 'trailOf' | 'heirsOf'>
  readonly timing: Timing
  /** Whether a start may still be there. */
  readonly mayLive: (start: number) => boolean
  /** Whether sessions of a gateway that is over may have moved on to others, which have not told yet. */
  readonly mayHaveHeirs: () => boolean
  readonly failed: FailedMove
  /** Called whenever a session may have gone. */
  readonly gone: () => void
}

interface Transit {
  readonly tid: number
  /** The start that asked for it. */
  readonly start: number
  readonly stop: () => void
}

/** Milliseconds until the other gateway is asked what became of a session, and again after each. */
const doubtAfter = 1_000
const againAfter = 100

/**
 * Milliseconds for which a session waits until its link has room: with the time of its running requests, less
 * than the other gateway waits. And milliseconds between two looks.
 */
const longestQueue = 750
const lookEvery = 10

export class Giver {
  readonly #init: GiverInit
  readonly #releasing = new Set<number>()
  /** By session. */
  readonly #transits = new Map<number, Transit>()
  /** Of each link, resolved when the session that was asked for last lets the next one go. */
  readonly #turns = new WeakMap<Link, Promise<void>>()
  /** How many sessions were sent over each link, and have not arrived. */
  readonly #sent = new WeakMap<Link, number>()

  constructor(init: GiverInit) {
    this.#init = init
  }

  /** Number of sessions on their way. */
  get inTransit(): number {
    return this.#transits.size
  }

  /** Whether a session is on its way, or about to be. */
  get isBusy(): boolean {
    return this.#transits.size + this.#releasing.size > 0
  }

  /** Reads a `take` frame. */
  asked(from: Link, [tid, sid, hash, uid]: readonly Item[]): void {
    const number = sid as number
    if (this.#releasing.has(number) || this.#transits.has(number))
      return this.#answer(from, tid as number, 'again', [againAfter])
    const start = this.#init.moved.find(number)
    if (!this.#init.stock.has(number) && start !== undefined)
      return this.#answer(from, tid as number, 'ask', [start])
    this.#releasing.add(number)
    this.#inTurn(from, tid as number, { sid: number, hash: hash as string, uid: uid as string | null })
      .catch(() => this.#answer(from, tid as number, 'again', [againAfter]))
      .finally(() => {
        this.#releasing.delete(number)
        // The session may have ended meanwhile, and then nothing else tells of it.
        this.#init.gone()
      })
  }

  /** Reads a `settle` frame. */
  settled(from: Link, isTaken: boolean, tid: number, sid: number): void {
    const transit = this.#transits.get(sid)
    if (transit === undefined || transit.tid !== tid || transit.start !== from.start) return
    this.#transits.delete(sid)
    transit.stop()
    if (!isTaken) return this.#restore(sid, from)
    this.#init.stock.forget(sid, from)
    this.#init.gone()
  }

  /**
   * Releases a session once the link has room, behind those that were asked for before it. What takes longer
   * than this turn of the event loop, such as a running request, holds up nobody else.
   */
  async #inTurn(from: Link, tid: number, wanted: Wanted): Promise<void> {
    const { monotonic, soon, after } = this.#init.timing
    const until = monotonic() + longestQueue
    const before = this.#turns.get(from)
    let goOn = () => {}
    this.#turns.set(from, new Promise(resolve => (goOn = resolve)))
    try {
      await before
      while (from.isOpen && this.#room(from) === 0) {
        if (monotonic() >= until) return this.#answer(from, tid, 'again', [againAfter])
        await new Promise<void>(resolve => after(lookEvery, resolve))
      }
      soon(goOn)
      if (from.isOpen) await this.#release(from, tid, wanted)
    } finally {
      goOn()
    }
  }

  async #release(from: Link, tid: number, wanted: Wanted): Promise<void> {
    const { stock, moved, cuts } = this.#init
    const release = await stock.release(wanted, from, () => this.#room(from))
    switch (release.kind) {
      case 'ready': {
        const { sid } = wanted
        // The link may have ended meanwhile, without the other gateway.
        if (!from.isOpen) return stock.restore(sid)
        this.#transits.set(sid, { tid, start: from.start, stop: this.#doubtLater(sid, tid) })
        const move = cuts.moveOf(sid) + 1
        const trail = cuts.trailOf(sid)
        moved.set(sid, from.start, move)
        this.#answer(from, tid, 'here', [sid, move, trail.length, ...trail, ...release.items])
        this.#sent.set(from, this.#sentTo(from) + 1)
        return from.whenTakenIn(() => this.#sent.set(from, this.#sentTo(from) - 1))
      }
      case 'again':
        return this.#answer(from, tid, 'again', [release.ms])
      case 'tooLarge':
        this.#endTooLarge(wanted.sid, from, release.bytes)
        return this.#answer(from, tid, 'gone', [resumeFailures.lost])
      case 'ended':
        return this.#answer(from, tid, 'ended', [release.farewell.code, release.farewell.kickReason])
      case 'gone':
        return this.#answer(from, tid, 'gone', [release.reason])
    }
  }

  #sentTo(link: Link): number {
    return this.#sent.get(link) ?? 0
  }

  /** Returns how many bytes a session may have that goes over a link now. */
  #room(to: Link): number {
    return to.roomToMove(this.#sentTo(to) === 0)
  }

  /** Ends a session that can't go where its client is: else the client would ask for it again and again. */
  #endTooLarge(sid: number, from: Link, bytes: number): void {
    const why = `${bytes} bytes are too many for a move`
    this.#init.failed(sid, from.frontendId, `it has ended: ${why}`)
    this.#init.stock.end(sid, closeCodes.resumed, `its client can't go on elsewhere: ${why}`, null)
  }

  #answer(to: Link, tid: number, word: ExportWord, items: readonly Item[]): void {
    if (to.isOpen) to.send('export', [tid, word, ...items])
  }

  #doubtLater(sid: number, tid: number): () => void {
    return this.#init.timing.after(doubtAfter, () => this.#doubt(sid, tid))
  }

  /** Asks what became of a session, or gives it up if there is nobody left to ask. */
  #doubt(sid: number, tid: number): void {
    const { links, stock, cuts, mayLive, mayHaveHeirs, failed, gone } = this.#init
    const transit = this.#transits.get(sid)
    if (transit?.tid !== tid) return
    const link = links.ofStart(transit.start)
    if (link === undefined && !mayLive(transit.start) && !mayHaveHeirs()) {
      const heir = cuts.heirsOf(sid).find(mayLive)
      const to = heir === undefined ? undefined : links.ofStart(heir)
      if (heir === undefined || to?.isOpen === true) {
        this.#transits.delete(sid)
        // Whoever was lost had taken it, and handed it over: it lives where it is now.
        if (to !== undefined) stock.forget(sid, to)
        else {
          failed(sid, transit.start, 'the gateway that it went to was lost')
          stock.lose(sid)
        }
        return gone()
      }
    }
    if (link?.isOpen === true) link.send('settle', ['doubt', tid, sid])
    this.#transits.set(sid, { ...transit, stop: this.#doubtLater(sid, tid) })
  }

  #restore(sid: number, from: Link): void {
    this.#init.moved.delete(sid, from.start)
    this.#init.failed(sid, from.frontendId, 'the other gateway did not take it: the answer came too late')
    this.#init.stock.restore(sid)
  }
}
