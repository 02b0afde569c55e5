/** A channel as handlers use it: a name, and the operations on the channel of that name. */
import { expectChannel } from '../../shared/check.js'
import type { EventArguments, EventName } from '../../shared/events/event-types.js'
import type { Member, MembersOptions } from '../../shared/values/members-page.js'
import type { Messenger } from '../operations/messenger.js'
import type { ExceptOptions, SessionLike } from '../operations/session-address.js'

/**
 * A named set of sessions, kept in the gateway and shared by all workers. It exists while it has members. A
 * session that ends leaves all its channels.
 *
 * In a cluster its members are sessions of all gateways, and each gateway keeps its own. What counts or lists
 * them asks all gateways that have some, and rejects if one can't be asked (`CLUSTER_UNAVAILABLE`: nothing
 * was done, in no gateway) or does not answer (`CLUSTER_TIMEOUT`, `FRONTEND_LOST`). An event that nobody
 * waits for is sent once the other gateways can be reached again.
 */
export class Channel {
  readonly #name: string
  readonly #messenger: Messenger

  /** @internal Channels come from `context.channel` and `app.channel`. */
  constructor(name: string, messenger: Messenger) {
    this.#name = expectChannel(name)
    this.#messenger = messenger
  }

  /** The channel's name: 1 to 256 bytes. */
  get name(): string {
    return this.#name
  }

  /**
   * Adds a session; does nothing if it is a member. The session is a member before the request's reply is
   * sent. A refusal is only logged; `ajoin` rejects with it.
   *
   * @param session the session to add; by default the request's own
   * @throws `FRONTEND_UNKNOWN` for an address with `'*'`; TypeError if no session is given outside a request
   */
  join(session?: SessionLike): void {
    this.#messenger.join(this.#name, session)
  }

  /**
   * Variant of `join` that resolves when the session is a member.
   *
   * @throws `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL`
   */
  ajoin(session?: SessionLike): Promise<void> {
    return this.#messenger.ajoin(this.#name, session)
  }

  /**
   * Removes a session; does nothing if it is not a member.
   *
   * @param session the session to remove; by default the request's own
   * @throws `FRONTEND_UNKNOWN` for an address with `'*'`; TypeError if no session is given outside a request
   */
  leave(session?: SessionLike): void {
    this.#messenger.leave(this.#name, session)
  }

  /** Variant of `leave` that resolves when the session is no longer a member. */
  aleave(session?: SessionLike): Promise<void> {
    return this.#messenger.aleave(this.#name, session)
  }

  /**
   * Sends an event to all members. It is sent before the request's reply.
   *
   * @param event the event's name: 1 to 255 bytes, not beginning with `$`
   * @param args the body: any value with a JSON form, of at most 16,000,000 bytes; then options
   * @throws `EVENT_NOT_SERIALIZABLE`; TypeError for an invalid name or option
   */
  broadcast<Name extends EventName>(event: Name, ...args: EventArguments<Name, ExceptOptions>): void {
    const [body, options = {}] = args
    this.#messenger.sendToChannel(this.#name, event, body, options)
  }

  /** Variant of `broadcast` that resolves with the number of sessions reached, in all gateways. */
  abroadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, ExceptOptions>
  ): Promise<number> {
    const [body, options = {}] = args
    return this.#messenger.asendToChannel(this.#name, event, body, options)
  }

  /**
   * Reads one page of the members, ordered by the numbers of their sessions. An empty page is the end.
   *
   * @example
   * let page = await room.members()
   * for (; page.length > 0; page = await room.members({ after: page.at(-1) })) {
   *   for (const { uid } of page) …
   * }
   */
  members(options: MembersOptions = {}): Promise<Member[]> {
    return this.#messenger.members(this.#name, options)
  }

  /** Returns the current number of members, in all gateways. */
  size(): Promise<number> {
    return this.#messenger.channelSize(this.#name)
  }

  /** Removes all members, in all gateways. */
  destroy(): void {
    this.#messenger.destroyChannel(this.#name)
  }
}
