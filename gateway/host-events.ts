/** Events and channels for the gateway's host: what handlers have as `context.send` and `context.channel`. */
import { expectChannel } from '../shared/check.js'
import { errors } from '../shared/errors.js'
import type { EventOptions } from '../shared/event.js'
import { type Channels, sendToAll } from './channels.js'
import { createEvent } from './event.js'
import type { HostSession } from './host-session.js'
import type { Metrics } from './metrics.js'
import type { Registry } from './registry.js'
import type { SessionService } from './session-service.js'

/** Whom an event is for: a session's number, a session, or a user, whose sessions all get it. */
export type HostRecipient = number | string | HostSession

export interface HostEventsInit {
  readonly registry: Registry
  readonly channels: Channels
  readonly sessions: SessionService
  readonly metrics: Metrics
}

export class HostEvents {
  readonly #init: HostEventsInit

  constructor(init: HostEventsInit) {
    this.#init = init
  }

  send(to: HostRecipient, event: string, body?: unknown, options?: EventOptions): number {
    const { registry, metrics } = this.#init
    const created = createEvent(event, body, options)
    const session = typeof to === 'string' ? undefined : registry.find(typeof to === 'number' ? to : to.id)
    const sessions = typeof to === 'string' ? registry.findByUid(to) : session === undefined ? [] : [session]
    const count = sendToAll(sessions, created)
    metrics.count('eventsSent', count)
    return count
  }

  broadcast(event: string, body: unknown, options: EventOptions & { readonly bound?: boolean } = {}): number {
    const { registry, metrics } = this.#init
    const all = registry.all()
    const sessions = options.bound === true ? all.filter(({ uid }) => uid !== null) : all
    const count = sendToAll(sessions, createEvent(event, body, options))
    metrics.count('eventsSent', count)
    return count
  }

  channel(name: string): HostChannel {
    return new HostChannel(expectChannel(name), this.#init)
  }
}

/** A channel as the host sees it: always as it is now. One without members is like one that never was. */
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

  get members(): HostSession[] {
    const { channels, sessions } = this.#init
    return [...channels.membersOf(this.name)].flatMap(({ sid }) => sessions.get(sid) ?? [])
  }

  /** @throws `SESSION_NOT_FOUND`, `TOO_MANY_CHANNELS`, `CHANNEL_FULL` */
  join(sid: number): void {
    const { registry, channels } = this.#init
    const session = registry.find(sid)
    const error = session === undefined ? errors.sessionNotFound(sid) : channels.join(session, this.name)
    if (error !== undefined) throw error
  }

  /** Of a session that is not in it, or gone: does nothing. */
  leave(sid: number): void {
    const session = this.#init.registry.find(sid)
    if (session !== undefined) this.#init.channels.leave(session, this.name)
  }

  /** Sends an event to all members but those excepted. Gives how many it was sent to. */
  broadcast(
    event: string,
    body?: unknown,
    options: EventOptions & { readonly except?: readonly number[] } = {}
  ): number {
    const { channels, metrics } = this.#init
    const members = [...channels.membersOf(this.name)]
    const count = sendToAll(members, createEvent(event, body, options), new Set(options.except))
    metrics.count('eventsSent', count)
    return count
  }
}
