/**
 * A channel in Pinus' words: of users rather than of sessions. The members are the sessions that these users have, and
 * are kept in the gateway, so what Pinus looks up in its own process is a promise here.
 */
import type { EventOptions } from '../../shared/events/event.js'
import { type Callback, isCallback, settle } from '../api/callback.js'
import type { Channel } from '../api/channel.js'
import { quietly } from '../operations/messenger.js'
import type { UserOperations } from './user-operations.js'

/** A user, and the gateway that the user is in: a server's id in Pinus, a session's `frontendId`. */
export interface ChannelMember {
  readonly uid: string
  readonly sid: string
}

/** Those of an event; what else Pinus' projects name is passed over. */
export type PushOptions = EventOptions & { readonly [name: string]: unknown }

/** A message that names its own route. */
export interface RoutedMessage {
  readonly route: string
}

/** The options, or at once the callback. */
export type OptionsOrCallback<Options, Result> = Options | Callback<Result> | null | undefined

export class PinusChannel {
  readonly #channel: Channel
  readonly #users: UserOperations
  readonly #frontendId: string

  /** @internal Channels come from `ChannelService`. */
  constructor(channel: Channel, users: UserOperations, frontendId: string) {
    this.#channel = channel
    this.#users = users
    this.#frontendId = frontendId
  }

  get name(): string {
    return this.#channel.name
  }

  /**
   * Lets all sessions that the user has in that gateway in. False, and nothing done, without uid or sid. Whoever must
   * know whether the channel was full awaits `aadd`.
   */
  add(uid: string, sid: string): boolean {
    if (!uid || !sid) return false
    this.#users.join(this.name, { frontendId: sid, uid })
    return true
  }

  /**
   * The same; resolves with how many sessions of the user are in now.
   *
   * @throws `UID_INVALID`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL`, `FRONTEND_UNKNOWN`
   */
  aadd(uid: string, sid: string): Promise<number> {
    return this.#users.ajoin(this.name, { frontendId: sid, uid })
  }

  /** Takes all sessions of the user out. False, and nothing done, without uid or sid. */
  leave(uid: string, sid: string): boolean {
    if (!uid || !sid) return false
    this.#users.leave(this.name, { frontendId: sid, uid })
    return true
  }

  /** The same; resolves with how many sessions of the user were in. */
  aleave(uid: string, sid: string): Promise<number> {
    return this.#users.aleave(this.name, { frontendId: sid, uid })
  }

  /** As `leave`, of a user in this gateway. */
  removeMember(uid: string): boolean {
    return this.leave(uid, this.#frontendId)
  }

  /** The users that are in, each once. Sessions that are bound to none are in no list. */
  getMembers(): Promise<string[]> {
    return quietly(this.#readMembers())
  }

  /** A user that is in; null for one that is not. */
  getMember(uid: string): Promise<ChannelMember | null> {
    const user = { frontendId: this.#frontendId, uid }
    const count = this.#users.sessionsIn(this.name, user)
    return quietly(count.then(count => (count === 0 ? null : { uid, sid: user.frontendId })))
  }

  /** How many users are in. */
  getUserAmount(): Promise<number> {
    return quietly(this.#readMembers().then(uids => uids.length))
  }

  /**
   * Sends an event to all members. The callback gets an error, or null and the uids that were not reached: none.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, where there is no callback for it
   */
  pushMessage(
    route: string,
    msg: unknown,
    opts?: OptionsOrCallback<PushOptions, string[]>,
    cb?: Callback<string[]>
  ): void
  pushMessage(
    msg: RoutedMessage,
    opts?: OptionsOrCallback<PushOptions, string[]>,
    cb?: Callback<string[]>
  ): void
  pushMessage(...args: unknown[]): void {
    const [route, msg, ...tail] = withRoute(args)
    const { options, done } = readTail<PushOptions, string[]>(tail)
    if (isCallback(done)) settle(this.apushMessage(route, msg, options), done)
    else this.#channel.broadcast(route, msg, options)
  }

  /** @throws `EVENT_NOT_SERIALIZABLE` */
  apushMessage(route: string, msg: unknown, opts?: PushOptions | null): Promise<string[]>
  apushMessage(msg: RoutedMessage, opts?: PushOptions | null): Promise<string[]>
  apushMessage(...args: unknown[]): Promise<string[]> {
    const [route, msg, ...tail] = withRoute(args)
    const { options } = readTail<PushOptions, string[]>(tail)
    return quietly(this.#channel.abroadcast(route, msg, options).then(() => []))
  }

  /** Takes all members out. The channel can be used again, as one that never was. */
  destroy(): void {
    this.#channel.destroy()
  }

  async #readMembers(): Promise<string[]> {
    const uids = new Set<string>()
    for (
      let page = await this.#channel.members();
      page.length > 0;
      page = await this.#channel.members({ after: page.at(-1) })
    ) {
      for (const { uid } of page) if (uid !== null) uids.add(uid)
    }
    return [...uids]
  }
}

/** The arguments with the route in front: it may be left out where the message has it. */
export function withRoute(args: readonly unknown[]): [route: string, msg: unknown, ...others: unknown[]] {
  const [first] = args
  const route = typeof first === 'string' ? [] : [(first as RoutedMessage | null | undefined)?.route]
  return [...route, ...args] as [string, unknown]
}

/** The arguments behind those that must be there: options, which may be left out, and a callback. */
export function readTail<Options extends object, Result>([opts, cb]: readonly unknown[]): {
  readonly options: Options
  readonly done: Callback<Result> | undefined
} {
  return typeof opts === 'function'
    ? { options: {} as Options, done: opts as Callback<Result> }
    : { options: (opts ?? {}) as Options, done: cb as Callback<Result> | undefined }
}
