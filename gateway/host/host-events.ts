/**
 * Events and channels for the gateway's host: the program that runs the gateway.
 *
 * The counterparts for handlers are `context.send` and `context.channel`.
 */
import { expectChannel, expectUid } from '../../shared/check.js'
import { type BroadcastFilter, isForBound } from '../../shared/events/event.js'
import { createEvent } from '../events/event.js'
import { HostChannel } from './host-channel.js'
import {
  addressOf,
  deliver,
  exceptedOf,
  formatExcepted,
  type HostEventsInit,
  type HostExceptOptions,
  type HostSessionLike,
  numberOf
} from './host-names.js'
import { toAll } from './host-operations.js'

/** The recipient of an event: a session, or the id of a user for all sessions of this user. */
export type HostRecipient = HostSessionLike | string

export interface HostBroadcastOptions extends HostExceptOptions {
  /** `all`: every session. `bound`: sessions that are bound to a user. Default: `all`. */
  readonly filter?: BroadcastFilter
}

/** @internal */
export class HostEvents {
  readonly #init: HostEventsInit

  constructor(init: HostEventsInit) {
    this.#init = init
  }

  // LOCAL-SESSIONS: the number of receivers is known at once, and so is that of this gateway. The sessions of
  // others get the event too; `asend` and `abroadcast` count them.
  send(to: HostRecipient, event: string, body?: unknown, options: HostExceptOptions = {}): number {
    const created = createEvent(event, body, options)
    const { registry, operations } = this.#init
    const excepted = exceptedOf(options.except, this.#init)
    if (typeof to === 'string') {
      const uid = expectUid(to)
      const count = deliver(this.#init, registry.findByUid(uid), created, excepted)
      operations.others?.sendToUser(toAll, uid, created, formatExcepted(excepted))
      return count
    }
    const session = registry.findRecipient(numberOf(to, this.#init, true))
    return deliver(this.#init, session === undefined ? [] : [session], created, excepted)
  }

  async asend(
    to: HostRecipient,
    event: string,
    body?: unknown,
    options: HostExceptOptions = {}
  ): Promise<number> {
    const created = createEvent(event, body, options)
    const { operations } = this.#init
    const excepted = exceptedOf(options.except, this.#init)
    if (typeof to === 'string') {
      const uid = expectUid(to)
      const except = formatExcepted(excepted)
      return Number(await operations.callAll((events, head) => events.sendToUser(head, uid, created, except)))
    }
    const { frontendId, sid } = addressOf(to, this.#init, true)
    if (excepted.includes(sid)) return 0
    return Number(
      await operations.call(({ events }, ack) =>
        events.send({ rid: 0, viewId: 0, ack, frontendId, sid }, created)
      )
    )
  }

  broadcast(event: string, body?: unknown, options: HostBroadcastOptions = {}): number {
    const created = createEvent(event, body, options)
    const { registry, operations } = this.#init
    const isBound = isForBound(options.filter)
    const excepted = exceptedOf(options.except, this.#init)
    const all = registry.all()
    const sessions = isBound ? all.filter(({ uid }) => uid !== null) : all
    const count = deliver(this.#init, sessions, created, excepted)
    operations.others?.broadcast(toAll, isBound ? 1 : 0, created, formatExcepted(excepted))
    return count
  }

  async abroadcast(event: string, body?: unknown, options: HostBroadcastOptions = {}): Promise<number> {
    const created = createEvent(event, body, options)
    const bound = isForBound(options.filter) ? 1 : 0
    const except = formatExcepted(exceptedOf(options.except, this.#init))
    return Number(
      await this.#init.operations.callAll((events, head) => events.broadcast(head, bound, created, except))
    )
  }

  channel(name: string): HostChannel {
    return new HostChannel(expectChannel(name), this.#init)
  }
}
