/** Sessions that come to this gateway, from another one or from the store: puts them together. */
import { randomBytes } from 'node:crypto'
import { PomeloMessages } from '../../protocols/pomelo-messages.js'
import { inStore } from '../../sessions/registry-events.js'
import type { Session } from '../../sessions/session.js'
import { type MovableSession, readSession } from '../items/movable.js'
import type { Item, Link } from '../link/links.js'
import type { OwedClaims } from './owed-claims.js'
import { notYet } from './session-description.js'
import type { GatewayStockInit, MovedCuts } from './stock-init.js'

export class Arrivals {
  readonly #init: GatewayStockInit
  readonly #owed: OwedClaims
  readonly #cuts: () => MovedCuts | undefined
  /** Sessions that have come, and whose requests have not been added yet. */
  readonly #arriving = new Set<number>()

  constructor(init: GatewayStockInit, owed: OwedClaims, cuts: () => MovedCuts | undefined) {
    this.#init = init
    this.#owed = owed
    this.#cuts = cuts
  }

  /** Whether the requests of a session that has come have not been added yet. */
  isArriving(sid: number): boolean {
    return this.#arriving.has(sid)
  }

  adopt(items: readonly Item[], from: Link, taken: () => void): boolean {
    const state = readSession(items)
    const session = this.#putTogether(state, from.frontendId, taken)
    if (session === undefined) return false
    const { claim } = state
    const { sid, uid } = session
    if (session.isOpen && uid !== null && claim !== null) {
      this.#init.claims?.adopt(uid, sid, claim).catch(() => {})
      this.#owed.tell(from, sid, uid)
    }
    return true
  }

  /**
   * Makes a session of what the store had. `isWhole`: its client goes on; else it begins to count
   * anew, and is told so.
   */
  revive(state: MovableSession, isWhole: boolean): Session | undefined {
    const receiver = isWhole ? state.receiver : { ...state.receiver, epoch: notYet }
    const taken = () => this.#cuts()?.restored(state.session.sid)
    return this.#putTogether({ ...state, receiver }, inStore, taken)
  }

  #putTogether(
    { session: state, receiver: kept, secrets, requests, absence }: MovableSession,
    from: string,
    taken: () => void
  ): Session | undefined {
    const { registry, resumption, routes, channels, hooks, lanes } = this.#init
    const { sid } = state
    // One that is on its way is still in the tables, and may have to go on here.
    if (registry.has(sid)) return undefined
    const messages = new PomeloMessages({ ...kept.form, counts: true, eventCodes: routes.eventCodes })
    const isRestored = kept.epoch === notYet
    const epoch = isRestored ? randomBytes(8).toString('base64url') : kept.epoch
    const receiver = resumption.moveIn(sid, { ...kept, epoch }, secrets, messages)
    const session = registry.moveIn(state, receiver, from, session => {
      receiver.session = session
      for (const name of state.channels) channels.moveIn(session, name)
      taken()
      hooks.moveIn(session, absence, true)
      if (!isRestored) return
      resumption.restored.add(receiver)
      hooks.restored(session)
    })
    if (!session.isOpen) return session
    resumption.wait(receiver)
    // Behind onConnect, which is queued when the client goes on in this turn of the event loop.
    const held = () => {}
    session.lane.held = held
    this.#arriving.add(sid)
    const goOn = () => {
      this.#arriving.delete(sid)
      if (session.isOpen) lanes.addFirst(session, requests)
      // It may be about to leave again.
      if (session.lane.held === held) lanes.release(session)
    }
    // What its handlers send comes behind what this gateway has sent it where it was.
    setImmediate(() => this.#cuts()!.whenOwn(sid, goOn))
    return session
  }
}
