/** A channel, as the gateway's host sees it: of this gateway at once, of all gateways by promises. */
import { errors } from '../../shared/errors.js'
import type { EventArguments, EventName } from '../../shared/events/event-types.js'
import {
  type Member,
  type MembersOptions,
  parseMembers,
  readMembersPage
} from '../../shared/values/members-page.js'
import { createEvent } from '../events/event.js'
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
import type { HostSession } from './host-session.js'

/**
 * A live view of a channel, for the host. There is no difference between a channel without members and a
 * channel that never existed.
 */
export class HostChannel {
  readonly name: string
  readonly #init: HostEventsInit

  /** @internal Channels come from `gateway.channel`. */
  constructor(name: string, init: HostEventsInit) {
    this.name = name
    this.#init = init
  }

  /** The number of members in this gateway. `asize` counts those of all gateways. */
  get size(): number {
    return this.#init.channels.membersOf(this.name).size
  }

  /**
   * Returns the number of members in all gateways.
   *
   * @throws `CLUSTER_UNAVAILABLE`, `CLUSTER_TIMEOUT`, `FRONTEND_LOST`: a gateway does not answer
   */
  async asize(): Promise<number> {
    return Number(await this.#init.operations.callAll((events, head) => events.channelSize(head, this.name)))
  }

  /**
   * Returns the members in this gateway, in the order in which they joined. `amembers` has those of all
   * gateways.
   */
  members(): HostSession[] {
    const { channels, sessions } = this.#init
    return [...channels.membersOf(this.name)].flatMap(({ sid }) => sessions.get(sid) ?? [])
  }

  /**
   * Reads one page of the members in all gateways, ordered by the numbers of their sessions. An empty page is
   * the end.
   *
   * @throws `CLUSTER_UNAVAILABLE`, `CLUSTER_TIMEOUT`, `FRONTEND_LOST`: a gateway does not answer; TypeError
   * for invalid options
   */
  async amembers(options: MembersOptions = {}): Promise<Member[]> {
    const { frontendId: own, operations } = this.#init
    const { after, count } = readMembersPage('amembers', options, member => addressOf(member, this.#init))
    const page = await operations.callAll((events, head) => events.members(head, this.name, after, count))
    return parseMembers(page, own)
  }

  /**
   * Adds a session of this gateway.
   *
   * @throws `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL`; TypeError for a
   * session of another gateway of the cluster: `ajoin` can add it
   */
  join(session: HostSessionLike): void {
    const { registry, channels } = this.#init
    const sid = numberOf(session, this.#init)
    const found = registry.findRecipient(sid)
    const error = found === undefined ? errors.sessionNotFound(sid) : channels.join(found, this.name)
    if (error !== undefined) throw error
  }

  /**
   * Adds a session, of whichever gateway. Resolves when it is a member.
   *
   * @throws as `join`, and `CLUSTER_UNAVAILABLE`, `CLUSTER_TIMEOUT`, `FRONTEND_LOST`
   */
  async ajoin(session: HostSessionLike): Promise<void> {
    const { frontendId, sid } = addressOf(session, this.#init)
    await this.#init.operations.call(({ events }, ack) =>
      events.join({ rid: 0, viewId: 0, ack, frontendId, sid }, this.name)
    )
  }

  /**
   * Removes a session of this gateway from the channel. Does nothing if it is not a member or has ended.
   *
   * @throws `FRONTEND_UNKNOWN`; TypeError for a session of another gateway of the cluster
   */
  leave(session: HostSessionLike): void {
    const { registry, channels } = this.#init
    const found = registry.findRecipient(numberOf(session, this.#init))
    if (found !== undefined) channels.leave(found, this.name)
  }

  /**
   * Removes a session, of whichever gateway. Resolves when it is no member.
   *
   * @throws `FRONTEND_UNKNOWN`, `CLUSTER_UNAVAILABLE`, `CLUSTER_TIMEOUT`, `FRONTEND_LOST`
   */
  async aleave(session: HostSessionLike): Promise<void> {
    const { frontendId, sid } = addressOf(session, this.#init)
    await this.#init.operations.call(({ events }, ack) =>
      events.leave({ rid: 0, viewId: 0, ack, frontendId, sid }, this.name)
    )
  }

  /**
   * Sends an event to all members except those in `except`, in all gateways. Returns the number of recipients
   * in this gateway; `abroadcast` counts those of all.
   */
  broadcast<Name extends EventName>(event: Name, ...args: EventArguments<Name, HostExceptOptions>): number {
    const [body, options = {}] = args
    const created = createEvent(event, body, options)
    const excepted = exceptedOf(options.except, this.#init)
    const count = deliver(this.#init, [...this.#init.channels.membersOf(this.name)], created, excepted)
    this.#init.operations.others?.sendToChannel(toAll, this.name, created, formatExcepted(excepted))
    return count
  }

  /**
   * Variant of `broadcast` that resolves with the number of recipients in all gateways.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `CLUSTER_UNAVAILABLE` (then nobody has got it), `CLUSTER_TIMEOUT`,
   * `FRONTEND_LOST`; TypeError for an invalid name or option
   */
  async abroadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, HostExceptOptions>
  ): Promise<number> {
    const [body, options = {}] = args
    const created = createEvent(event, body, options)
    const excepted = formatExcepted(exceptedOf(options.except, this.#init))
    const { operations } = this.#init
    return Number(
      await operations.callAll((events, head) => events.sendToChannel(head, this.name, created, excepted))
    )
  }

  /** Removes all members, in all gateways: here at once. */
  destroy(): void {
    this.#init.channels.destroy(this.name)
    this.#init.operations.others?.destroyChannel(toAll, this.name)
  }
}
