/** Moved sessions, as the operations of one other gateway meet them. */
import type { EventText } from '../../../shared/events/event.js'
import type { Link } from '../link/links.js'
import type { Cut } from './cut.js'
import type { Holds } from './holds.js'
import type { Shadow, Shadows } from './shadows.js'

export interface SourceCutsInit {
  readonly cuts: ReadonlyMap<number, Cut>
  readonly shadows: Shadows
  readonly holds: Pick<Holds, 'enter' | 'leave'>
  readonly linkOf: (sid: number) => Link | undefined
  readonly lost: () => void
}

type Excepted = Pick<ReadonlySet<number>, 'has'> | undefined

export class SourceCuts {
  readonly #link: Link
  readonly #init: SourceCutsInit

  constructor(link: Link, init: SourceCutsInit) {
    this.#link = link
    this.#init = init
  }

  /** What the gateway has sent is applied from now on, until `leave`. */
  enter(): void {
    this.#init.holds.enter(this.#link)
  }

  leave(): void {
    this.#init.holds.leave()
  }

  /** Whether nothing is to be looked at. */
  get isEmpty(): boolean {
    return this.#init.cuts.size === 0
  }

  /** Whether a session here gets an event of this gateway from where it was. */
  isLeftOut(sid: number): boolean {
    return this.#init.cuts.get(sid)?.isFor(this.#link) === false
  }

  /** Passes an event on to sessions that were here. Returns to how many. */
  sendToUser(uid: string, event: EventText, excepted: Excepted): number {
    return this.#send(this.#init.shadows.ofUser(uid), event, excepted)
  }

  sendToChannel(channel: string, event: EventText, excepted: Excepted): number {
    return this.#send(this.#init.shadows.ofChannel(channel), event, excepted)
  }

  broadcast(isBound: boolean, event: EventText, excepted: Excepted): number {
    const { all } = this.#init.shadows
    return this.#send(isBound ? [...all].filter(({ uid }) => uid !== null) : all, event, excepted)
  }

  /** Returns the members of a channel that were here, and that this gateway knows of no other place of. */
  membersOf(channel: string): readonly Shadow[] {
    return this.#init.shadows.ofChannel(channel).filter(shadow => this.#isFor(shadow))
  }

  joinUser(channel: string, uid: string): void {
    const { shadows } = this.#init
    for (const shadow of shadows.ofUser(uid)) {
      const to = this.#linkFor(shadow)
      if (to === undefined) continue
      to.outbox.join(headFor(to, shadow), channel)
      to.flushSoon()
      shadows.join(shadow, channel)
    }
  }

  leaveUser(channel: string, uid: string): void {
    const { shadows } = this.#init
    for (const shadow of shadows.ofUser(uid)) this.#leave(shadow, channel)
  }

  destroyChannel(channel: string): void {
    for (const shadow of this.#init.shadows.ofChannel(channel)) this.#leave(shadow, channel)
  }

  kickUser(uid: string, reason: string | null): void {
    for (const shadow of this.#init.shadows.ofUser(uid)) {
      const to = this.#linkFor(shadow)
      to?.outbox.kick(headFor(to, shadow), reason)
      to?.flushSoon()
    }
  }

  /** An operation on a session that was here is passed on. */
  joins(sid: number, channel: string): void {
    const shadow = this.#init.cuts.get(sid)?.shadow
    if (shadow !== undefined) this.#init.shadows.join(shadow, channel)
  }

  leaves(sid: number, channel: string): void {
    const shadow = this.#init.cuts.get(sid)?.shadow
    if (shadow !== undefined) this.#init.shadows.leave(shadow, channel)
  }

  #leave(shadow: Shadow, channel: string): void {
    const to = this.#linkFor(shadow)
    if (to === undefined) return
    to.outbox.leave(headFor(to, shadow), channel)
    to.flushSoon()
    this.#init.shadows.leave(shadow, channel)
  }

  #send(shadows: Iterable<Shadow>, event: EventText, excepted: Excepted): number {
    let count = 0
    for (const shadow of shadows) {
      if (excepted?.has(shadow.sid) === true || !this.#isFor(shadow)) continue
      const to = this.#linkFor(shadow)
      if (to?.hasRoom !== true) {
        this.#init.lost()
        continue
      }
      to.noteEvent()
      to.outbox.send(headFor(to, shadow), event)
      to.flushSoon(event.body.length + event.rich.length)
      count++
    }
    return count
  }

  #isFor({ sid }: Shadow): boolean {
    return this.#init.cuts.get(sid)?.isFor(this.#link) === true
  }

  #linkFor(shadow: Shadow): Link | undefined {
    if (!this.#isFor(shadow)) return undefined
    const to = this.#init.linkOf(shadow.sid)
    return to?.isOpen === true ? to : undefined
  }
}

function headFor({ frontendId }: Link, { sid }: Shadow) {
  return { rid: 0, viewId: 0, ack: 0, frontendId, sid }
}
