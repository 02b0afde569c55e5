/**
 * Pinus' Channel: a channel of users rather than of sessions.
 * Its members are the sessions of these users, and are kept in the gateway. So methods that return values in
 * Pinus return promises here.
 */
import { allGateways } from '../../shared/address.js'
import type { EventOptions } from '../../shared/events/event.js'
import { type Callback, isCallback, settle } from '../api/callback.js'
import type { Channel } from '../api/channel.js'
import { quietly } from '../operations/messenger.js'
import type { UserOperations } from './user-operations.js'

/** A user in a gateway. */
export interface ChannelMember {
  readonly uid: string
  /** The gateway's name: a session's `frontendId`, which Pinus calls a server's id. */
  readonly sid: string
}

/** Options of an event. Other options of Pinus are ignored. */
export type PushOptions = EventOptions & { readonly [name: string]: unknown }

/** A message that names its own route. */
export interface RoutedMessage {
  /** The event's name. */
  readonly route: string
}

/** The options, or the callback in their place. */
export type OptionsOrCallback<Options, Result> = Options | Callback<Result> | null | undefined

/** A channel of users. The methods that begin with `a` return promises. */
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

  /** The channel's name. */
  get name(): string {
    return this.#channel.name
  }

  /**
   * Adds all sessions of the user in that gateway. Returns false, and does nothing, if `uid` or `sid` is
   * empty. To know whether the channel was full, await `aadd`.
   *
   * @param sid the gateway's name, or `'*'` for all gateways
   */
  add(uid: string, sid: string): boolean {
    if (!uid || !sid) return false
    this.#users.join(this.name, { frontendId: sid, uid })
    return true
  }

  /**
   * Variant of `add` that resolves with the number of the user's sessions in the channel.
   *
   * @throws `UID_INVALID`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL`, `FRONTEND_UNKNOWN`
   */
  aadd(uid: string, sid: string): Promise<number> {
    return this.#users.ajoin(this.name, { frontendId: sid, uid })
  }

  /**
   * Removes all sessions of the user in that gateway. Returns false, and does nothing, if `uid` or `sid` is
   * empty.
   *
   * @param sid the gateway's name, or `'*'` for all gateways
   */
  leave(uid: string, sid: string): boolean {
    if (!uid || !sid) return false
    this.#users.leave(this.name, { frontendId: sid, uid })
    return true
  }

  /** Variant of `leave` that resolves with the number of removed sessions. */
  aleave(uid: string, sid: string): Promise<number> {
    return this.#users.aleave(this.name, { frontendId: sid, uid })
  }

  /** Removes all sessions of a user, in all gateways. */
  removeMember(uid: string): boolean {
    return this.leave(uid, allGateways)
  }

  /** Resolves with the uids of the members, each once. Sessions that are not bound are left out. */
  getMembers(): Promise<string[]> {
    return quietly(this.#readMembers())
  }

  /**
   * Resolves with the user if they have a session in the channel, in whichever gateway, otherwise with null.
   * `sid` is a gateway in which they have one: this one, if they have one here.
   */
  getMember(uid: string): Promise<ChannelMember | null> {
    const found = this.#users.gatewayOf(this.name, uid)
    return quietly(found.then(sid => (sid === null ? null : { uid, sid: sid || this.#frontendId })))
  }

  /** Resolves with the number of users with a session in the channel. */
  getUserAmount(): Promise<number> {
    return quietly(this.#readMembers().then(uids => uids.length))
  }

  /**
   * Sends an event to all members. The callback gets an error, or null and an empty array, where Pinus lists
   * the uids that were not reached.
   *
   * @throws `EVENT_NOT_SERIALIZABLE` if there is no callback
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

  /**
   * Variant of `pushMessage` that resolves with an empty array. Pinus lists the unreached uids there.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`
   */
  apushMessage(route: string, msg: unknown, opts?: PushOptions | null): Promise<string[]>
  apushMessage(msg: RoutedMessage, opts?: PushOptions | null): Promise<string[]>
  apushMessage(...args: unknown[]): Promise<string[]> {
    const [route, msg, ...tail] = withRoute(args)
    const { options } = readTail<PushOptions, string[]>(tail)
    return quietly(this.#channel.abroadcast(route, msg, options).then(() => []))
  }

  /** Removes all members. The channel can be used again like a new one. */
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

/** Returns the arguments with the route in front. A message that names its route may come without one. */
export function withRoute(args: readonly unknown[]): [route: string, msg: unknown, ...others: unknown[]] {
  const [first] = args
  const route = typeof first === 'string' ? [] : [(first as RoutedMessage | null | undefined)?.route]
  return [...route, ...args] as [string, unknown]
}

/** Reads the optional arguments: options, which may be left out, and a callback. */
export function readTail<Options extends object, Result>([opts, cb]: readonly unknown[]): {
  readonly options: Options
  readonly done: Callback<Result> | undefined
} {
  return typeof opts === 'function'
    ? { options: {} as Options, done: opts as Callback<Result> }
    : { options: (opts ?? {}) as Options, done: cb as Callback<Result> | undefined }
}
