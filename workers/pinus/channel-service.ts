/**
 * Channels and messages in Pinus' words, so that a handler of Pinus finds in `app.get('channelService')` what it knows.
 * An adapter: what there is of it in our own words is `app.channel`, `app.send` and `app.broadcast`.
 */
import { describeValue, expectFrontendId, expectObject, expectUid } from '../../shared/check.js'
import type { EventText } from '../../shared/events/event.js'
import { createEventText } from '../../shared/events/event-text.js'
import { type Callback, isCallback, settle } from '../api/callback.js'
import { Channel } from '../api/channel.js'
import { type Messenger, quietly } from '../operations/messenger.js'
import type { SessionOperations } from '../operations/session-operations.js'
import {
  type OptionsOrCallback,
  PinusChannel,
  type PushOptions,
  type RoutedMessage,
  readTail,
  withRoute
} from './pinus-channel.js'
import type { UserOperations, Users } from './user-operations.js'

/** Whom a message is for. Without `sid`, the user in this gateway. */
export interface PushTarget {
  readonly uid: string
  readonly sid?: string | undefined
}

export type BroadcastPushOptions = PushOptions & {
  /** Only to sessions that are bound to a user. */
  readonly binded?: boolean
}

export interface ChannelServiceInit {
  readonly frontendId: string
  readonly messenger: Messenger
  readonly operations: SessionOperations
  readonly users: UserOperations
}

export class ChannelService {
  readonly #init: ChannelServiceInit

  /** @internal */
  constructor(init: ChannelServiceInit) {
    this.#init = init
  }

  /** The same as `getChannel`: a channel comes to be with its first member. */
  createChannel(name: string): PinusChannel {
    return this.getChannel(name)
  }

  /**
   * The channel of that name, whether anybody is in it or not: all workers share it, and none knows without asking.
   *
   * @throws `CHANNEL_INVALID`
   */
  getChannel(name: string, _create?: boolean): PinusChannel {
    const { messenger, users, frontendId } = this.#init
    return new PinusChannel(new Channel(name, messenger), users, frontendId)
  }

  /** Takes all members out of a channel. */
  destroyChannel(name: string): void {
    this.getChannel(name).destroy()
  }

  /**
   * Sends an event to all sessions of these users, to each once. The callback gets an error, or null and the uids of
   * those who are not here.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, where there is no callback for it
   */
  pushMessageByUids(
    route: string,
    msg: unknown,
    uids: readonly PushTarget[],
    opts?: OptionsOrCallback<PushOptions, string[]>,
    cb?: Callback<string[]>
  ): void
  pushMessageByUids(
    msg: RoutedMessage,
    uids: readonly PushTarget[],
    opts?: OptionsOrCallback<PushOptions, string[]>,
    cb?: Callback<string[]>
  ): void
  pushMessageByUids(...args: unknown[]): void {
    const [route, msg, targets, ...tail] = withRoute(args)
    const { options, done } = readTail<PushOptions, string[]>(tail)
    if (isCallback(done)) {
      settle(this.apushMessageByUids(route, msg, targets as PushTarget[], options), done)
      return
    }
    const event = createEventText(route, msg, options)
    for (const users of this.#group(targets)) this.#init.users.send(users, event)
  }

  /**
   * Resolves with the uids of those who are not here.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN` if none of the servers named is known
   */
  apushMessageByUids(
    route: string,
    msg: unknown,
    uids: readonly PushTarget[],
    opts?: PushOptions | null
  ): Promise<string[]>
  apushMessageByUids(
    msg: RoutedMessage,
    uids: readonly PushTarget[],
    opts?: PushOptions | null
  ): Promise<string[]>
  apushMessageByUids(...args: unknown[]): Promise<string[]> {
    const [route, msg, targets, ...tail] = withRoute(args)
    return this.#init.operations.promised('pushMessageByUids', route, async () => {
      const event = createEventText(route, msg, readTail<PushOptions, string[]>(tail).options)
      const groups = this.#group(targets)
      if (groups.length === 0) throw new TypeError('uids should not be empty')
      return this.#sendToGroups(groups, event)
    })
  }

  /**
   * Sends an event to all sessions. `serverType` is Pinus': there is one kind of gateway here.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, where there is no callback for it
   */
  broadcast(
    serverType: string,
    route: string,
    msg: unknown,
    opts?: OptionsOrCallback<BroadcastPushOptions, void>,
    cb?: Callback
  ): void {
    const { options, done } = readTail<BroadcastPushOptions, void>([opts, cb])
    if (isCallback(done)) settle(this.abroadcast(serverType, route, msg, options), done)
    else this.#init.messenger.broadcast(route, msg, withFilter(options))
  }

  /** @throws `EVENT_NOT_SERIALIZABLE` */
  abroadcast(
    _serverType: string,
    route: string,
    msg: unknown,
    opts?: BroadcastPushOptions | null
  ): Promise<void> {
    const sent = this.#init.messenger.abroadcast(route, msg, withFilter(opts ?? {}))
    return quietly(sent.then(() => {}))
  }

  /** The users of each gateway. */
  #group(targets: unknown): Users[] {
    const byGateway = new Map<string, string[]>()
    const list = targets ?? []
    if (!Array.isArray(list)) throw new TypeError(`Expected uids to be an array, got ${describeValue(list)}`)
    for (const target of list as readonly PushTarget[]) {
      const { uid, sid } = expectObject(target, 'each of uids')
      const frontendId = expectFrontendId(sid || this.#init.frontendId)
      const uids = byGateway.get(frontendId)
      if (uids === undefined) byGateway.set(frontendId, [expectUid(uid)])
      else uids.push(expectUid(uid))
    }
    return [...byGateway].map(([frontendId, uids]) => ({ frontendId, uids }))
  }

  /** Fails only if all fail. */
  async #sendToGroups(groups: readonly Users[], event: EventText): Promise<string[]> {
    const results = await Promise.allSettled(groups.map(users => this.#init.users.asend(users, event)))
    const failed = results.filter(({ status }) => status === 'rejected')
    if (failed.length === groups.length) throw (failed[0] as PromiseRejectedResult).reason
    return results.flatMap((result, at) => (result.status === 'fulfilled' ? result.value : groups[at]!.uids))
  }
}

function withFilter(options: BroadcastPushOptions) {
  return { ...options, filter: options.binded === true ? ('bound' as const) : ('all' as const) }
}
