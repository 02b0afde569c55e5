/**
 * Has each event reach a session once, and in the order of its sender, while it moves. The gateway to which
 * it has moved leaves out what another one sends by name before that knows of the move; the gateway where it
 * was passes that on, and then says so.
 */
import type { Item, Link, Links } from '../link/links.js'
import { Cut } from './cut.js'
import { Holds, type HoldsInit } from './holds.js'
import { numberOf, pairsOf } from './moved-items.js'
import type { MovedTable } from './moved-table.js'
import { type Names, Shadow, type ShadowInit, Shadows } from './shadows.js'
import { SourceCuts } from './source-cuts.js'

export interface CutsInit extends Omit<HoldsInit, 'links' | 'ownStart'> {
  readonly links: Pick<Links, 'all' | 'ofStart'>
  readonly moved: MovedTable
  readonly names: Names
  readonly ownStart: () => number
  /** Whether a session is here, or on its way from here. */
  readonly has: (sid: number) => boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called for an event that could not be passed on. */
  readonly lost: () => void
}

/** Former gateways of a session that are told of a move, the newest first. */
const mostTrail = 8

/** The number of the first move of a session. */
const firstMove = 1

export class Cuts {
  readonly #init: CutsInit
  readonly #shadows: Shadows
  /** The number of the move by which each session here has come. */
  readonly #moves = new Map<number, number>()
  readonly #cuts = new Map<number, Cut>()
  readonly #holds: Holds

  constructor(init: CutsInit) {
    this.#init = init
    this.#shadows = new Shadows(init.names)
    this.#holds = new Holds(init)
  }

  /** Number of sessions of whose last move not all know. */
  get size(): number {
    return this.#cuts.size
  }

  /** Sessions here that have come from elsewhere, each with the number of its move. */
  get here(): Iterable<readonly [sid: number, move: number]> {
    return this.#moves
  }

  /** Returns the number of the move by which a session came here; 0: it began here. */
  moveOf(sid: number): number {
    return this.#moves.get(sid) ?? 0
  }

  /** Returns the former gateways that may pass on what is sent to a session. */
  trailOf(sid: number): readonly number[] {
    return this.#cuts.get(sid)?.trail ?? []
  }

  /** A session has come here, and is found by its names. Tells the others. */
  came(sid: number, from: Link, move: number, trail: readonly number[]): void {
    const { names, links, moved } = this.#init
    const givers = [...new Set([from.start, ...trail])].slice(0, mostTrail)
    const before = this.#cuts.get(sid)
    const cut = before?.renewed(move, givers) ?? new Cut([move], givers)
    this.#moves.set(sid, move)
    this.#cuts.set(sid, cut)
    if (before?.shadow !== undefined) this.#shadows.remove(before.shadow)
    moved.clear(sid)
    // Whoever hears of the move knows under which names the session is found here.
    names.tellNow()
    for (const link of links.all) if (link.isOpen) link.send('moved', ['come', move, sid, ...givers])
    this.#holds.begin(sid, givers)
    this.#look(sid, cut)
  }

  /**
   * A session was restored here, from the store. Tells the others. How often it had moved may be forgotten
   * here, and known elsewhere: the time is a number that is greater than all before, unless the clock of a
   * gateway that has restored it before is ahead, of which this one has heard. There is no trail, since
   * nobody passes on what was sent to it: who would have is over, or has dropped it with the link to whom it
   * would have gone. So no event comes twice, and none is left out here.
   */
  restored(sid: number): void {
    const { names, links, moved, now } = this.#init
    const move = Math.max(moved.nextOf(sid), now())
    this.#drop(sid)
    this.#moves.set(sid, move)
    moved.clear(sid)
    names.tellNow()
    for (const link of links.all) if (link.isOpen) link.send('moved', ['here', sid, move])
  }

  /**
   * A new start has begun here. Sessions of the former ones are not found by their numbers any more, so the
   * others are told of them, as of those that have come here, when their links begin.
   */
  restarted(sids: Iterable<number>): void {
    for (const sid of sids) if (!this.#moves.has(sid)) this.#moves.set(sid, firstMove)
  }

  /** A session is on its way from here. Whoever hears that it has come elsewhere may tell before it does. */
  leaves(sid: number): void {
    const move = this.moveOf(sid)
    let cut = this.#cuts.get(sid)
    if (cut === undefined) {
      cut = new Cut([move], [])
      for (const link of this.#init.links.all) cut.tells(link, move)
      this.#cuts.set(sid, cut)
    }
    cut.isLeaving = true
  }

  /** A session that was on its way stays here. */
  stays(sid: number): void {
    const cut = this.#cuts.get(sid)
    if (cut === undefined) return
    cut.isLeaving = false
    cut.runAhead()
    this.#look(sid, cut)
  }

  /** Returns the starts that have said that a session which is on its way from here has moved on to them. */
  heirsOf(sid: number): readonly number[] {
    return this.#cuts.get(sid)?.heirs ?? []
  }

  /**
   * Another gateway has a session, which is still found here by its names. All that came was sent to
   * it. Returns what to run when it is not found here any more.
   */
  goes(session: ShadowInit, to: Link): () => void {
    const { names, links } = this.#init
    const { sid, uid } = session
    const move = this.moveOf(sid)
    this.#moves.delete(sid)
    const cut = this.#cuts.get(sid)!
    cut.isLeaving = false
    cut.shadow = new Shadow(session)
    this.#shadows.add(cut.shadow)
    if (uid !== null) names.expect(to, 'user', uid)
    for (const name of cut.shadow.channels) names.expect(to, 'channel', name)
    cut.tells(to, move + 1)
    to.send('moved', ['seen', sid, move + 1])
    for (const [giver, about] of cut.words) to.send('moved', ['passed', sid, giver, about])
    for (const link of links.all) if (link.isOpen && cut.isKnownTo(link)) this.#pass(to, sid, link)
    this.#look(sid, cut)
    return () => cut.runAhead()
  }

  /** Runs a function once what this gateway sends to a session that has come here need not wait. */
  whenOwn(sid: number, run: () => void): void {
    this.#holds.whenOwn(sid, run)
  }

  /** Resolves when nothing that came for a session here waits for earlier events. */
  whenOrdered(sid: number): Promise<void> {
    return this.#holds.whenDone(sid)
  }

  /** A session has ended here. Returns whether it had come from elsewhere. */
  ended(sid: number): boolean {
    this.#holds.end(sid)
    this.#drop(sid)
    return this.#moves.delete(sid)
  }

  /** A session has ended in another gateway. */
  over(sid: number): void {
    if (!this.#init.has(sid)) this.#drop(sid)
  }

  /** Reads that a session has come to another gateway. */
  readCome(from: Link, items: readonly Item[]): void {
    const { links, ownStart } = this.#init
    const [move, sid, ...givers] = [numberOf(items[0]), numberOf(items[1]), ...items.slice(2).map(numberOf)]
    const again = () => this.readCome(from, items)
    if (this.#cuts.get(sid)?.keepsAhead(from, move, again) === true) return
    const known = ['seen', sid, this.#note(from, sid, move)]
    from.send('moved', known)
    for (const start of givers) {
      if (start === from.start || start === ownStart()) continue
      const link = links.ofStart(start)
      if (link?.isOpen === true) link.send('moved', known)
    }
  }

  /** Reads which sessions have come to another gateway, at the begin of its link. */
  readHere(from: Link, pairs: readonly Item[]): void {
    const { links, moved } = this.#init
    const news: Item[] = []
    for (const [sid, move] of pairsOf(pairs)) {
      const again = () => this.readHere(from, [sid, move])
      if (this.#cuts.get(sid)?.keepsAhead(from, move, again) === true) continue
      const isNew = move > moved.moveOf(sid)
      const known = this.#note(from, sid, move)
      if (isNew) news.push(sid, known)
    }
    if (news.length === 0) return
    for (const link of links.all) if (link.isOpen) link.send('moved', ['seen', ...news])
  }

  /** Reads that another gateway knows of moves. */
  readSeen(from: Link, pairs: readonly Item[]): void {
    for (const [sid, move] of pairsOf(pairs)) this.#tells(from, sid, move)
  }

  /** Reads that a former gateway of a session has passed on all that came from a source. */
  readPassed(from: Link, [sid, giver, about]: readonly Item[]): void {
    const cut = this.#cuts.get(numberOf(sid))
    const word = [numberOf(giver), numberOf(about)] as const
    if (cut?.shadow !== undefined) {
      const to = this.#linkTo(numberOf(sid))
      if (to?.isOpen === true && to !== from) to.send('moved', ['passed', sid!, ...word])
      return
    }
    // The next gateway of the session needs it too.
    cut?.words.push(word)
    this.#holds.hear(from, numberOf(sid), ...word)
  }

  linkUp(link: Link): void {
    for (const cut of this.#cuts.values()) cut.begin(link)
  }

  linkDown(link: Link): void {
    this.#holds.linkDown(link)
    for (const [sid, cut] of this.#cuts) {
      const to = cut.shadow !== undefined && !cut.isKnownTo(link) ? this.#linkTo(sid) : undefined
      if (to?.isOpen === true && to !== link) this.#pass(to, sid, link)
      cut.end(link)
      if (cut.shadow !== undefined && this.#init.moved.find(sid) === link.start) this.#drop(sid)
      else this.#look(sid, cut)
    }
  }

  /** Returns the side of these moves that the operations of one other gateway see. */
  of(link: Link): SourceCuts {
    return new SourceCuts(link, {
      cuts: this.#cuts,
      shadows: this.#shadows,
      holds: this.#holds,
      linkOf: sid => this.#linkTo(sid),
      lost: this.#init.lost
    })
  }

  /** Returns the link to where a session has gone. */
  #linkTo(sid: number): Link | undefined {
    const start = this.#init.moved.find(sid)
    return start === undefined ? undefined : this.#init.links.ofStart(start)
  }

  /** Says that all was passed on that came over a link. */
  #pass(to: Link, sid: number, about: Link): void {
    to.send('moved', ['passed', sid, this.#init.ownStart(), about.start])
  }

  /** Notes a move to another gateway. Returns the number of the newest move that is known here. */
  #note(from: Link, sid: number, move: number): number {
    const { moved, has } = this.#init
    this.#tells(from, sid, move)
    if (has(sid)) return this.moveOf(sid)
    moved.set(sid, from.start, move)
    return moved.moveOf(sid)
  }

  #tells(from: Link, sid: number, move: number): void {
    const cut = this.#cuts.get(sid)
    if (cut === undefined) return
    const knew = cut.isKnownTo(from)
    cut.tells(from, move)
    const to = cut.shadow !== undefined && !knew && cut.isKnownTo(from) ? this.#linkTo(sid) : undefined
    if (to?.isOpen === true) this.#pass(to, sid, from)
    this.#look(sid, cut)
  }

  /** Forgets a cut of which all others know, unless its session is on its way. */
  #look(sid: number, cut: Cut): void {
    if (cut.isLeaving) return
    for (const link of this.#init.links.all) if (link.isOpen && !cut.isKnownTo(link)) return
    this.#drop(sid)
  }

  #drop(sid: number): void {
    const shadow = this.#cuts.get(sid)?.shadow
    if (shadow !== undefined) this.#shadows.remove(shadow)
    this.#cuts.delete(sid)
  }
}
