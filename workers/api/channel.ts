/** A channel as a handler holds it: a name, and what can be asked of the gateway under it. */
import { expectChannel } from '../../shared/check.js'
import type { Member, MembersOptions } from '../operations/members-page.js'
import type { ExceptOptions, Messenger } from '../operations/messenger.js'
import type { SessionLike } from '../operations/session-address.js'

/**
 * A named set of sessions, kept in the gateway: all workers see the same. It comes to be with its first member and
 * ceases with its last; a session that ends leaves all its channels.
 */
export class Channel {
  readonly #name: string
  readonly #messenger: Messenger

  /** @internal Channels come from `context.channel` and `app.channel`. */
  constructor(name: string, messenger: Messenger) {
    this.#name = expectChannel(name)
    this.#messenger = messenger
  }

  get name(): string {
    return this.#name
  }

  /** Lets a session in; without one that of the request. In force before the request's reply is sent. */
  join(session?: SessionLike): void {
    this.#messenger.join(this.#name, session)
  }

  /** @throws `SESSION_NOT_FOUND`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL` */
  ajoin(session?: SessionLike): Promise<void> {
    return this.#messenger.ajoin(this.#name, session)
  }

  /** Takes a session out; without one that of the request. Of one that is not in it: does nothing. */
  leave(session?: SessionLike): void {
    this.#messenger.leave(this.#name, session)
  }

  aleave(session?: SessionLike): Promise<void> {
    return this.#messenger.aleave(this.#name, session)
  }

  /**
   * Sends an event to all members but those excepted.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`
   */
  broadcast(event: string, body?: unknown, options: ExceptOptions = {}): void {
    this.#messenger.sendToChannel(this.#name, event, body, options)
  }

  /** The same; resolves with the number of sessions that it was sent to. */
  abroadcast(event: string, body?: unknown, options: ExceptOptions = {}): Promise<number> {
    return this.#messenger.asendToChannel(this.#name, event, body, options)
  }

  /**
   * A page of the members, by the numbers of their sessions: up to `limit` (default and at most 1,000) of those behind
   * `after`. An empty page is the end.
   *
   * @example for (let page = await room.members(); page.length > 0; page = await room.members({ after: page.at(-1) })) …
   */
  members(options: MembersOptions = {}): Promise<Member[]> {
    return this.#messenger.members(this.#name, options)
  }

  /** How many members there are now. */
  size(): Promise<number> {
    return this.#messenger.channelSize(this.#name)
  }

  /** Takes all members out. */
  destroy(): void {
    this.#messenger.destroyChannel(this.#name)
  }
}
