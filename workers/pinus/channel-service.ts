/**
 * Pinus' ChannelService, as handlers from Pinus expect it in `app.get('channelService')`.
 * An adapter for projects from Pinus. New code uses `app.channel`, `app.send` and `app.broadcast`.
 */
import { allGateways } from '../../shared/address.js'
import { expectFrontendId, expectObject, expectUid } from '../../shared/check.js'
import type { EventText } from '../../shared/events/event.js'
import { createEventText } from '../../shared/events/event-text.js'
import { describeValue } from '../../shared/text/described.js'
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

/** The receiver of a message: a user, in one gateway or in all. */
export interface PushTarget {
  readonly uid: string
  /**
   * The gateway's name, which Pinus calls a server's id.
   *
   * @defaultValue all gateways
   */
  readonly sid?: string | undefined
}

/** Options of a broadcast. */
export type BroadcastPushOptions = PushOptions & {
  /**
   * Whether only sessions that are bound to a user get the event.
   *
   * @defaultValue `false`
   */
  readonly binded?: boolean
}

/** @internal */
export interface ChannelServiceInit {
  readonly frontendId: string
  readonly messenger: Messenger
  readonly operations: SessionOperations
  readonly users: UserOperations
}

/** Channels and events by Pinus' names. The methods that begin with `a` return promises. */
export class ChannelService {
  readonly #init: ChannelServiceInit

  /** @internal */
  constructor(init: ChannelServiceInit) {
    this.#init = init
  }

  /** Returns the same as `getChannel`, since a channel begins to exist with its first member. */
  createChannel(name: string): PinusChannel {
    return this.getChannel(name)
  }

  /**
   * Returns the channel of that name, even if it has no members. All workers share it, and only the gateway
   * knows its members.
   *
   * @param _create ignored
   * @throws `CHANNEL_INVALID`
   */
  getChannel(name: string, _create?: boolean): PinusChannel {
    const { messenger, users, frontendId } = this.#init
    return new PinusChannel(new Channel(name, messenger), users, frontendId)
  }

  /**
   * Removes all members of a channel.
   *
   * @throws `CHANNEL_INVALID`
   */
  destroyChannel(name: string): void {
    this.getChannel(name).destroy()
  }

  /**
   * Sends an event to all sessions of these users, once to each session. The callback gets an error, or null
   * and the uids of users without a session.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID` if there is no callback
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
    for (const users of groupUsers(targets)) this.#init.users.send(users, event)
  }

  /**
   * Variant of `pushMessageByUids` that resolves with the uids of users without a session.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN` if none of the named gateways is
   * known
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
      const groups = groupUsers(targets)
      if (groups.length === 0) throw new TypeError('uids should not be empty')
      return this.#sendToGroups(groups, event)
    })
  }

  /**
   * Sends an event to all sessions, of all gateways.
   *
   * @param serverType ignored: there is only one kind of gateway here
   * @throws `EVENT_NOT_SERIALIZABLE` if there is no callback
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

  /**
   * Variant of `broadcast` that resolves when the event was sent.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`
   */
  abroadcast(
    _serverType: string,
    route: string,
    msg: unknown,
    opts?: BroadcastPushOptions | null
  ): Promise<void> {
    const sent = this.#init.messenger.abroadcast(route, msg, withFilter(opts ?? {}))
    return quietly(sent.then(() => {}))
  }

  /**
   * Sends to each gateway. Rejects only if all gateways fail; otherwise the users of a failed gateway count
   * as not reached.
   */
  async #sendToGroups(groups: readonly Users[], event: EventText): Promise<string[]> {
    const results = await Promise.allSettled(groups.map(users => this.#init.users.asend(users, event)))
    const failed = results.filter(({ status }) => status === 'rejected')
    if (failed.length === groups.length) throw (failed[0] as PromiseRejectedResult).reason
    return results.flatMap((result, at) => (result.status === 'fulfilled' ? result.value : groups[at]!.uids))
  }
}

/** Groups users by gateway. */
function groupUsers(targets: unknown): Users[] {
  const byGateway = new Map<string, string[]>()
  const list = targets ?? []
  if (!Array.isArray(list)) throw new TypeError(`Expected uids to be an array, got ${describeValue(list)}`)
  for (const target of list as readonly PushTarget[]) {
    const { uid, sid } = expectObject(target, 'each of uids')
    const frontendId = expectFrontendId(sid || allGateways)
    const uids = byGateway.get(frontendId)
    if (uids === undefined) byGateway.set(frontendId, [expectUid(uid)])
    else uids.push(expectUid(uid))
  }
  // Whoever gets the event in all gateways does not get it a second time in one of them.
  const everywhere = new Set(byGateway.get(allGateways))
  return [...byGateway].flatMap(([frontendId, uids]) => {
    const left = frontendId === allGateways ? uids : uids.filter(uid => !everywhere.has(uid))
    return left.length === 0 ? [] : [{ frontendId, uids: left }]
  })
}

function withFilter(options: BroadcastPushOptions) {
  return { ...options, filter: options.binded === true ? ('bound' as const) : ('all' as const) }
}
