/**
 * The sessions of this gateway, for the handover: takes a session apart that leaves, and puts one together
 * that comes. A session that is on its way is still a member of its channels and found by its user, so that
 * it misses no event; what it gets is sent after it.
 */

import { errors } from '../../../shared/errors.js'
import { requestFlags } from '../../../shared/link/batch.js'
import { resumeFailures } from '../../../shared/wire/resume.js'
import type { Dispatcher } from '../../dispatch/dispatcher.js'
import type { GatewayEvent } from '../../events/event.js'
import type { AbsenceState, SessionHooks } from '../../intake/session-hooks.js'
import { PomeloMessages } from '../../protocols/pomelo-messages.js'
import type { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Channels } from '../../sessions/channels.js'
import type { Registry } from '../../sessions/registry.js'
import type { RouteTable } from '../../sessions/routes.js'
import type { Session } from '../../sessions/session.js'
import type { WaitingRequest } from '../../sessions/session-state.js'
import type { Cuts } from '../cuts/cuts.js'
import type { Item, Link } from '../link/links.js'
import type { HeldLanes } from './held-lanes.js'
import { type MovableSession, readSession, writeSession } from './movable.js'
import type { Release, Stock, Wanted } from './stock.js'

/** Claims of users that go with their sessions. */
export interface MovedClaims {
  mayMove(uid: string, sid: number): boolean
  moveOut(uid: string, sid: number, to: number): MovableSession['claim'] | undefined
  takeBack(uid: string, sid: number): void
  adopt(
    uid: string,
    sid: number,
    old: NonNullable<MovableSession['claim']>,
    settled: () => void
  ): Promise<unknown>
  release(uid: string, sid: number): void
}

export interface GatewayStockInit {
  readonly registry: Registry
  readonly channels: Channels
  readonly resumption: Resumption
  readonly hooks: Pick<SessionHooks, 'moveOut' | 'moveIn'>
  readonly dispatcher: Pick<Dispatcher, 'add'>
  readonly lanes: HeldLanes
  readonly routes: RouteTable
  readonly cuts: Pick<Cuts, 'leaves' | 'stays' | 'goes'>
  /** undefined: users are not claimed. */
  readonly claims: MovedClaims | undefined
  readonly monotonic: () => number
}

/** Milliseconds for which running requests are waited for, and after which a client asks again. */
const longestRun = 2_000
const againAfter = 100

interface Leaver {
  readonly session: Session
  readonly receiver: ResumableReceiver
  readonly channels: readonly string[]
  readonly requests: readonly WaitingRequest[]
  readonly absence: AbsenceState
  /** Events that came since it left. */
  readonly late: GatewayEvent[]
}

export class GatewayStock implements Stock {
  readonly #init: GatewayStockInit
  /** Sessions on their way to another gateway. */
  readonly #leavers = new Map<number, Leaver>()
  /** Users of sessions that have gone, until they are claimed there. */
  readonly #unsecured = new Map<number, string>()

  constructor(init: GatewayStockInit) {
    this.#init = init
  }

  has(sid: number): boolean {
    return this.#init.registry.find(sid) !== undefined
  }

  async release({ sid, hash, uid }: Wanted, to: Link): Promise<Release> {
    const { resumption, lanes } = this.#init
    const found = resumption.findToMove(hash, uid)
    if (typeof found === 'string') return { kind: 'gone', reason: found }
    if ('code' in found) return { kind: 'ended', farewell: found }
    const { session } = found
    if (session?.sid !== sid) return { kind: 'gone', reason: resumeFailures.gone }
    if (session.lane.connectHook !== undefined) return { kind: 'again', ms: againAfter }
    if (!this.#mayMove(session)) return { kind: 'again', ms: againAfter }
    found.letGo()
    resumption.letGo(found)
    const isQuiet = await lanes.hold(session, longestRun)
    if (!session.isOpen) return { kind: 'gone', reason: resumeFailures.gone }
    if (isQuiet && !found.isConnected && this.#mayMove(session))
      return { kind: 'ready', items: this.#take(session, found, to) }
    if (isQuiet) lanes.release(session)
    if (!found.isConnected) resumption.wait(found)
    return { kind: 'again', ms: againAfter }
  }

  restore(sid: number): void {
    const { registry, resumption, hooks, lanes, claims } = this.#init
    const leaver = this.#leavers.get(sid)
    if (leaver === undefined) return
    this.#leavers.delete(sid)
    const { session, receiver, requests, absence } = leaver
    receiver.stay()
    this.#init.cuts.stays(sid)
    hooks.moveIn(session, absence, false)
    if (session.uid !== null) claims?.takeBack(session.uid, sid)
    registry.stay(session)
    if (!session.isOpen) return
    resumption.wait(receiver)
    this.#addRequests(session, requests)
    lanes.release(session)
  }

  lose(sid: number): void {
    const leaver = this.#leavers.get(sid)
    this.restore(sid)
    if (leaver === undefined) return
    const { code, kickReason } = leaver.receiver.dropped!
    const reason = 'the gateway that its client went to was lost'
    this.#init.registry.end(leaver.session, { code, reason, kickReason })
  }

  forget(sid: number, to: Link): void {
    const { registry, resumption } = this.#init
    const leaver = this.#leavers.get(sid)
    if (leaver === undefined) return
    this.#leavers.delete(sid)
    const { session, receiver, late } = leaver
    this.#sendChannels(leaver, to)
    const head = { rid: 0, viewId: 0, ack: 0, frontendId: to.frontendId, sid }
    for (const event of late) to.outbox.send(head, event)
    const ahead = this.#init.cuts.goes({ sid, uid: session.uid, channels: session.channels ?? [] }, to)
    if (session.uid !== null && this.#init.claims !== undefined) this.#unsecured.set(sid, session.uid)
    const ending = registry.moveOut(session, to.frontendId)
    resumption.moveOut(receiver)
    for (const run of ahead) run()
    to.flushSoon()
    if (ending !== undefined) to.send('settle', ['end', sid, ending.code, ending.reason, ending.kickReason])
  }

  adopt(items: readonly Item[], from: Link, taken: () => void): boolean {
    const { registry, resumption, routes, channels, hooks, claims, lanes } = this.#init
    const { session: state, receiver: kept, secrets, requests, absence, claim } = readSession(items)
    const { sid, uid } = state
    if (registry.find(sid) !== undefined) return false
    const messages = new PomeloMessages({ ...kept.form, counts: true, eventCodes: routes.eventCodes })
    const receiver = resumption.moveIn(sid, kept, secrets, messages)
    const session = registry.moveIn(state, receiver, from.frontendId, session => {
      receiver.session = session
      for (const name of state.channels) channels.moveIn(session, name)
      taken()
      hooks.moveIn(session, absence, true)
    })
    if (!session.isOpen) return true
    resumption.wait(receiver)
    if (uid !== null && claim !== null)
      claims
        ?.adopt(uid, sid, claim, () => from.isOpen && from.send('settle', ['secured', sid]))
        .catch(() => {})
    // Behind onConnect, which is queued when the client goes on in this turn of the event loop.
    session.lane.held = () => {}
    setImmediate(() => {
      if (session.isOpen) this.#addRequests(session, requests)
      lanes.release(session)
    })
    return true
  }

  secured(sid: number): void {
    const uid = this.#unsecured.get(sid)
    this.#unsecured.delete(sid)
    if (uid !== undefined) this.#init.claims?.release(uid, sid)
  }

  end(sid: number, code: number, reason: string, kickReason: string | null): void {
    const { registry } = this.#init
    const session = registry.find(sid)
    if (session !== undefined) registry.end(session, { code, reason, kickReason })
  }

  #mayMove({ uid, sid }: Session): boolean {
    return uid === null || this.#init.claims?.mayMove(uid, sid) !== false
  }

  /** Takes a session apart. From now on it is on its way. */
  #take(session: Session, receiver: ResumableReceiver, to: Link): readonly Item[] {
    const { registry, resumption, hooks, lanes, claims } = this.#init
    const { sid, uid, since, protocol, resumeWindow = null } = session
    const absence = hooks.moveOut(session)
    const requests = lanes.takeOut(session)
    const late: GatewayEvent[] = []
    const channels = [...(session.channels ?? [])]
    const moved: MovableSession = {
      session: { ...session.exportSettings(), sid, since, protocol, resumeWindow, channels },
      receiver: receiver.exportState(late),
      secrets: resumption.hashesOf(receiver),
      requests,
      absence,
      claim: (uid === null ? undefined : claims?.moveOut(uid, sid, to.start)) ?? null
    }
    registry.leave(session)
    this.#init.cuts.leaves(sid)
    this.#leavers.set(sid, { session, receiver, channels, requests, absence, late })
    return writeSession(moved)
  }

  /** Repeats what has become of its channels while it was on its way. */
  #sendChannels({ session, channels }: Leaver, to: Link): void {
    const head = { rid: 0, viewId: 0, ack: 0, frontendId: to.frontendId, sid: session.sid }
    const now = session.channels ?? new Set()
    for (const name of now) if (!channels.includes(name)) to.outbox.join(head, name)
    for (const name of channels) if (!now.has(name)) to.outbox.leave(head, name)
  }

  #addRequests(session: Session, requests: readonly WaitingRequest[]): void {
    const { dispatcher, routes, monotonic } = this.#init
    const now = monotonic()
    for (const { route: name, id, flags, body, timeout, traceparent } of requests) {
      const route = routes.find(name)
      if (route !== undefined)
        dispatcher.add({
          ...{ session, route, id, flags, body, timeout, now, traceparent: traceparent ?? undefined }
        })
      else if ((flags & requestFlags.notify) === 0) session.receiver?.error(id, errors.routeUnknown(name))
    }
  }
}
