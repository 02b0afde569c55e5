/** The holds of all sessions that have come here, and the sources whose events are being applied. */

import type { GatewayEvent } from '../../events/event.js'
import type { Link, Links } from '../link/links.js'
import { Hold, ownSource } from './hold.js'

/** The client of a session, as a hold sees it. */
export interface HeldReceiver {
  hold: Pick<Hold, 'take' | 'giveUp'> | undefined
  event(event: GatewayEvent): boolean
}

export interface HoldsInit {
  readonly links: Pick<Links, 'all' | 'ofStart'>
  readonly ownStart: () => number
  /** Returns the receiver of a session here; undefined if it can't be held. */
  readonly receiverOf: (sid: number) => HeldReceiver | undefined
  /** Runs a function in so many milliseconds. Returns what stops it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Called when the order of a session's events is given up. */
  readonly unordered: () => void
}

/** Milliseconds for which events wait, at most. */
const longestHold = 1_000

export class Holds {
  readonly #init: HoldsInit
  readonly #holds = new Map<number, Hold>()
  #source: number = ownSource

  constructor(init: HoldsInit) {
    this.#init = init
  }

  /** What a link brings is applied from now on, until `leave`. */
  enter(link: Link): void {
    this.#source = link.start
  }

  leave(): void {
    this.#source = ownSource
  }

  /**
   * Holds the events of a session that has come here.
   *
   * @param givers the starts that had it before, the newest first
   */
  begin(sid: number, givers: readonly number[]): void {
    const { links, ownStart, receiverOf, after, unordered } = this.#init
    const receiver = receiverOf(sid)
    if (receiver === undefined) return
    const there = givers.filter(start => start !== ownStart() && links.ofStart(start)?.isOpen === true)
    const waits = new Map([[ownSource, there]])
    // Of two givers the older one waits for the newer one, so that none waits for itself.
    for (const { start, isOpen } of links.all)
      if (isOpen) waits.set(start, there.includes(start) ? there.slice(0, there.indexOf(start)) : there)
    const hold = new Hold({
      givers: waits,
      source: () => this.#source,
      deliver: event => {
        receiver.hold = undefined
        receiver.event(event)
        receiver.hold = hold
      },
      done: isOrdered => {
        stop()
        receiver.hold = undefined
        this.#holds.delete(sid)
        if (!isOrdered) unordered()
      }
    })
    if (hold.isEmpty) return
    const stop = after(longestHold, () => hold.giveUp())
    this.#holds.set(sid, hold)
    receiver.hold = hold
  }

  /** Reads the word of a giver about a source, which a link has brought. */
  hear(from: Link, sid: number, giver: number, about: number): void {
    this.#holds.get(sid)?.hear(from.start, giver, about === this.#init.ownStart() ? ownSource : about)
  }

  /** Runs a function once events of this gateway need not wait for a session. */
  whenOwn(sid: number, run: () => void): void {
    const hold = this.#holds.get(sid)
    if (hold === undefined) run()
    else hold.whenOwn(run)
  }

  /** Resolves when nothing waits for a session. */
  whenDone(sid: number): Promise<void> {
    const hold = this.#holds.get(sid)
    return hold === undefined ? Promise.resolve() : new Promise(resolve => hold.whenDone(resolve))
  }

  /** A session has ended here. */
  end(sid: number): void {
    this.#holds.get(sid)?.discard()
    this.#holds.delete(sid)
  }

  linkDown({ start }: Link): void {
    for (const hold of [...this.#holds.values()]) hold.drop(start)
  }
}
