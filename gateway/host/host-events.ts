/**
 * Events and channels for the gateway's host: the program that runs the gateway.
 *
 * The counterparts for handlers are `context.send` and `context.channel`.
 */
import type { SessionAddress } from '../../shared/address.js'
import { describeValue, expectChannel, expectUid } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { type BroadcastFilter, type EventOptions, isForBound } from '../../shared/events/event.js'
import type { EventArguments, EventName } from '../../shared/events/event-types.js'
import { createEvent, type GatewayEvent } from '../events/event.js'
import { type Channels, sendToAll } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { HostSession } from './host-session.js'
import type { SessionService } from './session-service.js'

/** Names a session: by its number, its address, or its HostSession. */
export type HostSessionLike = number | SessionAddress | HostSession

/** The recipient of an event: a session, or the id of a user for all sessions of this user. */
export type HostRecipient = HostSessionLike | string

export interface HostExceptOptions extends EventOptions {
  /** Sessions that do not receive the event. */
  readonly except?: HostSessionLike | readonly HostSessionLike[]
}

export interface HostBroadcastOptions extends HostExceptOptions {
  /** `all`: every session. `bound`: sessions that are bound to a user. Default: `all`. */
  readonly filter?: BroadcastFilter
}

/** @internal */
export interface HostEventsInit {
  readonly frontendId: string
  readonly registry: Registry
  readonly channels: Channels
  readonly sessions: SessionService
  readonly metrics: Metrics
}

/** @internal */
export class HostEvents {
  readonly #init: HostEventsInit

  constructor(init: HostEventsInit) {
    this.#init = init
  }

  send(to: HostRecipient, event: string, body?: unknown, options: HostExceptOptions = {}): number {
    const created = createEvent(event, body, options)
    return deliver(this.#init, this.#sessionsOf(to), created, options)
  }

  // LOCAL-SESSIONS: all sessions, the sessions of a user (`#sessionsOf`) and the members of a channel are
  // those of this gateway, and the number of receivers is known at once.
  broadcast(event: string, body?: unknown, options: HostBroadcastOptions = {}): number {
    const created = createEvent(event, body, options)
    const all = this.#init.registry.all()
    const sessions = isForBound(options.filter) ? all.filter(({ uid }) => uid !== null) : all
    return deliver(this.#init, sessions, created, options)
  }

  channel(name: string): HostChannel {
    return new HostChannel(expectChannel(name), this.#init)
  }

  #sessionsOf(to: HostRecipient): readonly Session[] {
    const { registry } = this.#init
    if (typeof to === 'string') return registry.findByUid(expectUid(to))
    const session = registry.find(numberOf(to, this.#init))
    return session === undefined ? [] : [session]
  }
}

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

  get size(): number {
    return this.#init.channels.membersOf(this.name).size
  }

  /** Returns the members, in the order in which they joined. */
  members(): HostSession[] {
    const { channels, sessions } = this.#init
    return [...channels.membersOf(this.name)].flatMap(({ sid }) => sessions.get(sid) ?? [])
  }

  /** @throws `SESSION_NOT_FOUND`, `FRONTEND_UNKNOWN`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL` */
  join(session: HostSessionLike): void {
    const { registry, channels } = this.#init
    const sid = numberOf(session, this.#init)
    const found = registry.find(sid)
    const error = found === undefined ? errors.sessionNotFound(sid) : channels.join(found, this.name)
    if (error !== undefined) throw error
  }

  /** Removes a session from the channel. Does nothing if it is not a member or has ended. */
  leave(session: HostSessionLike): void {
    const { registry, channels } = this.#init
    const found = registry.find(numberOf(session, this.#init))
    if (found !== undefined) channels.leave(found, this.name)
  }

  /** Sends an event to all members except those in `except`. Returns the number of recipients. */
  broadcast<Name extends EventName>(event: Name, ...args: EventArguments<Name, HostExceptOptions>): number {
    const [body, options = {}] = args
    const created = createEvent(event, body, options)
    return deliver(this.#init, [...this.#init.channels.membersOf(this.name)], created, options)
  }

  /** Removes all members. */
  destroy(): void {
    this.#init.channels.destroy(this.name)
  }
}

function deliver(
  init: HostEventsInit,
  sessions: readonly Session[],
  event: GatewayEvent,
  { except = [] }: HostExceptOptions
): number {
  const list = Array.isArray(except) ? (except as readonly HostSessionLike[]) : [except as HostSessionLike]
  const count = sendToAll(sessions, event, new Set(list.map(session => numberOf(session, init))))
  init.metrics.countEvent(event.delivery, count)
  return count
}

// LOCAL-SESSIONS: a bare number names a session of this gateway. An address of another gateway is refused.
/**
 * Returns the number of a session. Only sessions of this gateway can be named.
 *
 * @throws `FRONTEND_UNKNOWN` for an address of another gateway; TypeError for a value that names no session
 */
function numberOf(session: HostSessionLike, { frontendId }: HostEventsInit): number {
  if (typeof session === 'number') return session
  const named = session as Partial<SessionAddress & Pick<HostSession, 'id'>> | null | undefined
  const sid = named?.sid ?? named?.id
  if (typeof sid !== 'number' || typeof named?.frontendId !== 'string') {
    throw new TypeError(
      `Expected a session, its number, or its { frontendId, sid }, got ${describeValue(session)}`
    )
  }
  if (named.frontendId !== frontendId) throw errors.frontendUnknown(named.frontendId)
  return sid
}
