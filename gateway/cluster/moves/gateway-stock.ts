/**
 * The sessions of this gateway, for the handover: takes a session apart that leaves, and has one put together
 * that comes (arrivals.ts). A session that is on its way is still a member of its channels and found by its
 * user, so that it misses no event; what it gets is sent after it.
 */
import { resumeFailures } from '../../../shared/wire/resume.js'
import type { GatewayEvent } from '../../events/event.js'
import { ResumableReceiver } from '../../resume/resumable-receiver.js'
import { inStore } from '../../sessions/registry-events.js'
import type { Session } from '../../sessions/session.js'
import { type MovableSession, writeSession } from '../items/movable.js'
import type { Item, Link } from '../link/links.js'
import { Arrivals } from './arrivals.js'
import { type Leaver, repeatChannels } from './leaver.js'
import { OwedClaims } from './owed-claims.js'
import { describe, lostWithGateway, notYet, sizeOf, stateOf } from './session-description.js'
import type { Release, Stock, Wanted } from './stock.js'
import type { GatewayStockInit, MovedCuts, WaitingOperations } from './stock-init.js'

/** Milliseconds for which running requests are waited for, and after which a client asks again. */
const longestRun = 2_000
const againAfter = 100

export class GatewayStock implements Stock {
  readonly #init: GatewayStockInit
  /** Set with the moves. */
  cuts: MovedCuts | undefined
  /** Set with the routing. */
  operations: WaitingOperations | undefined
  readonly #arrivals: Arrivals
  /** Sessions on their way to another gateway. */
  readonly #leavers = new Map<number, Leaver>()
  /** Whether a session whose next gateway is over can be restored from the store. Set if it keeps records. */
  isKept: ((session: Session) => boolean) | undefined
  /** Whether no other gateway can have restored a session. Set if records are kept. */
  isSurelyHere: ((session: Session) => boolean) | undefined
  /** Sessions on their way that another gateway has restored meanwhile. */
  readonly #restoredElsewhere = new Set<number>()
  /** The claims that it keeps for sessions that have gone. */
  readonly owed: OwedClaims
  /** Sessions that are being restored here, or were parked: whoever asks for one is to ask again. */
  readonly busy = new Set<number>()

  constructor(init: GatewayStockInit) {
    this.#init = init
    this.owed = new OwedClaims(init.claims)
    this.#arrivals = new Arrivals(init, this.owed, () => this.cuts)
  }

  has(sid: number): boolean {
    return this.#init.registry.find(sid) !== undefined
  }

  isLeaving(sid: number): boolean {
    return this.#init.registry.isLeaving(sid)
  }

  async release({ sid, hash, uid }: Wanted, to: Link, room: () => number): Promise<Release> {
    const { resumption, lanes } = this.#init
    if (this.busy.has(sid) || this.#arrivals.isArriving(sid)) return { kind: 'again', ms: againAfter }
    const found = resumption.findToMove(hash, uid)
    if (typeof found === 'string') return { kind: 'gone', reason: found }
    if ('code' in found) return { kind: 'ended', farewell: found }
    const { session } = found
    if (session?.sid !== sid) return { kind: 'gone', reason: resumeFailures.gone }
    if (!this.#mayMove(session)) return { kind: 'again', ms: againAfter }
    found.letGo()
    resumption.letGo(found)
    await this.cuts?.whenOrdered(sid)
    const isQuiet = await lanes.hold(session, longestRun)
    // Meanwhile its client may have come back here, and may be away again. Or it was ended on purpose, of
    // which its client is told.
    if (!session.isOpen) return this.release({ sid, hash, uid }, to, room)
    const most = room()
    if (isQuiet && most > 0 && !found.isConnected && this.#mayMove(session)) {
      const bytes = sizeOf(session, found)
      if (bytes > most) return { kind: 'tooLarge', bytes }
      return { kind: 'ready', items: writeSession(this.#take(session, found, to)) }
    }
    if (isQuiet) lanes.release(session)
    resumption.wait(found)
    return { kind: 'again', ms: againAfter }
  }

  restore(sid: number): void {
    this.#restore(sid)
    this.operations?.decided(sid)
  }

  #restore(sid: number): void {
    const { registry, resumption, hooks, lanes, claims } = this.#init
    const leaver = this.#leavers.get(sid)
    if (leaver === undefined) return
    if (this.#restoredElsewhere.has(sid)) return this.#leaveToStore(leaver)
    this.#leavers.delete(sid)
    const { session, receiver, requests, absence } = leaver
    receiver.stay()
    this.cuts?.stays(sid)
    hooks.moveIn(session, absence, false)
    if (session.uid !== null) claims?.takeBack(session.uid, sid)
    registry.stay(session)
    if (!session.isOpen) return
    resumption.wait(receiver)
    lanes.add(session, requests)
    lanes.release(session)
  }

  lose(sid: number): void {
    const leaver = this.#leavers.get(sid)
    if (leaver === undefined) return
    const { session, receiver } = leaver
    const isEnding = this.#init.registry.isEnding(session)
    if (!isEnding && this.isKept?.(session) === true) return this.#leaveToStore(leaver)
    this.#restore(sid)
    // undefined: its client had come back here and was not connected yet.
    const { code, kickReason } = receiver.dropped ?? lostWithGateway
    const reason = 'the gateway that its client went to was lost'
    this.#init.registry.end(session, { code, reason, kickReason })
    this.operations?.decided(sid)
  }

  forget(sid: number, to: Link): void {
    const { registry, resumption } = this.#init
    const leaver = this.#leavers.get(sid)
    if (leaver === undefined) return
    this.#leavers.delete(sid)
    this.#restoredElsewhere.delete(sid)
    const { session, receiver, late } = leaver
    repeatChannels(leaver, to)
    const head = { rid: 0, viewId: 0, ack: 0, frontendId: to.frontendId, sid }
    for (const event of late) {
      to.noteEvent()
      to.outbox.send(head, event)
    }
    const runAhead = this.cuts!.goes({ sid, uid: session.uid, channels: session.channels ?? [] }, to)
    this.owed.add(sid, session.uid, to)
    // What was said over the link by which it left is lost, or was said to another gateway.
    if (to !== leaver.to) this.owed.ask(sid, to)
    const ending = registry.moveOut(session, to.frontendId)
    resumption.moveOut(receiver)
    runAhead()
    to.flushSoon()
    if (ending !== undefined) to.send('settle', ['end', sid, ending.code, ending.reason, ending.kickReason])
    this.operations?.decided(sid)
  }

  adopt(items: readonly Item[], from: Link, taken: () => void): boolean {
    return this.#arrivals.adopt(items, from, taken)
  }

  /** Makes a session of what the store had. `isWhole`: its client goes on; else it begins to count anew. */
  revive(state: MovableSession, isWhole: boolean): Session | undefined {
    return this.#arrivals.revive(state, isWhole)
  }

  /** Returns what a session can be restored from: all but its messages, its counts and its requests. */
  describe(session: Session, receiver: ResumableReceiver): MovableSession {
    return describe(session, receiver, this.#init.resumption.hashesOf(receiver))
  }

  /**
   * Takes a session out of this gateway, for the store, which `keep` writes. It stays if `keep` resolves to
   * false, and if something came for it meanwhile. Resolves to whether it has gone.
   */
  async park(session: Session, keep: (state: MovableSession) => Promise<boolean>): Promise<boolean> {
    const { resumption, lanes, registry } = this.#init
    const { sid, receiver } = session
    if (!(receiver instanceof ResumableReceiver) || receiver.isConnected) return false
    resumption.letGo(receiver)
    await this.cuts?.whenOrdered(sid)
    const isQuiet = await lanes.hold(session, longestRun)
    if (!isQuiet || !session.isOpen || receiver.isConnected || this.#isBusy(session)) {
      if (isQuiet) lanes.release(session)
      resumption.wait(receiver)
      return false
    }
    const state = this.#take(session, receiver, undefined)
    const leaver = this.#leavers.get(sid)!
    const isKept = await keep(state)
    const waits = this.operations?.awaits(sid) === true
    const hasChanged = waits || leaver.late.length > 0 || session.joins !== leaver.joins
    if (!isKept || hasChanged || registry.isEnding(session)) {
      this.restore(sid)
      return false
    }
    this.busy.add(sid)
    this.#moveToStore(session, receiver)
    return true
  }

  /** A session on its way comes back from there, and the store has it. */
  #leaveToStore({ session, receiver }: Leaver): void {
    const { sid, uid } = session
    this.cuts?.stays(sid)
    if (uid !== null) this.#init.claims?.takeBack(uid, sid)
    this.#moveToStore(session, receiver)
  }

  /** The store has a session that is on its way. */
  #moveToStore(session: Session, receiver: ResumableReceiver): void {
    const { registry, resumption, claims } = this.#init
    const { sid, uid } = session
    this.#leavers.delete(sid)
    this.#restoredElsewhere.delete(sid)
    registry.moveOut(session, inStore)
    resumption.moveOut(receiver)
    this.cuts?.ended(sid)
    if (uid !== null) claims?.release(uid, sid)
    this.operations?.decided(sid)
  }

  /** Lets a session go that another gateway has restored. One on its way goes if it comes back from there. */
  async letGo(session: Session): Promise<void> {
    const { resumption, lanes } = this.#init
    const { sid, receiver } = session
    if (!(receiver instanceof ResumableReceiver)) return
    if (this.#leavers.has(sid)) return void this.#restoredElsewhere.add(sid)
    receiver.letGo()
    resumption.letGo(receiver)
    await lanes.hold(session, longestRun)
    if (!session.isOpen) return
    if (this.#leavers.has(sid)) return void this.#restoredElsewhere.add(sid)
    // Its client may have come back meanwhile.
    receiver.letGo()
    this.#take(session, receiver, undefined)
    this.#moveToStore(session, receiver)
  }

  end(sid: number, code: number, reason: string, kickReason: string | null): boolean {
    const { registry } = this.#init
    const session = registry.findRecipient(sid)
    if (session !== undefined) registry.end(session, { code, reason, kickReason })
    return session !== undefined
  }

  #mayMove(session: Session): boolean {
    const { uid, sid } = session
    if (this.#isBusy(session) || this.isSurelyHere?.(session) === false) return false
    return uid === null || this.#init.claims?.mayMove(uid, sid) !== false
  }

  /** Whether its onConnect, or a bind or an unbind, is under way, which ends here. */
  #isBusy(session: Session): boolean {
    return session.lane.connectHook !== undefined || this.#init.registry.claimed?.isBusy(session) === true
  }

  /** Takes a session apart. From now on it is on its way. */
  #take(session: Session, receiver: ResumableReceiver, to: Link | undefined): MovableSession {
    const { registry, resumption, hooks, lanes, claims } = this.#init
    const { sid, uid, joins } = session
    // Its client may have come back meanwhile, and have been lost again.
    resumption.letGo(receiver)
    receiver.hold?.giveUp()
    const absence = hooks.moveOut(session)
    const requests = lanes.takeOut(session)
    const late: GatewayEvent[] = []
    const channels = [...(session.channels ?? [])]
    const exported = receiver.exportState(late)
    const isRestored = resumption.restored.has(receiver)
    const moved: MovableSession = {
      session: stateOf(session),
      receiver: isRestored ? { ...exported, epoch: notYet } : exported,
      secrets: resumption.hashesOf(receiver),
      requests,
      absence,
      claim: (uid === null || to === undefined ? undefined : claims?.moveOut(uid, sid, to.start)) ?? null
    }
    registry.leave(session)
    if (to !== undefined) this.cuts?.leaves(sid)
    this.#leavers.set(sid, { session, receiver, to, channels, joins, requests, absence, late })
    return moved
  }
}
