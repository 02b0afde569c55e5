/**
 * The context of a handler: everything that it gets besides its body and its session.
 * Made for each request. Costly parts are made when they are first used.
 */

import type { PlatformAbortSignal } from '../../shared/abort-signal.js'
import type { EventArguments, EventName } from '../../shared/events/event-types.js'
import type { FullLogger } from '../../shared/text/log.js'
import type { Messenger } from '../operations/messenger.js'
import type { BroadcastOptions, ExceptOptions, Recipient } from '../operations/session-address.js'
import type { BackendSessionService, ServiceSource } from './backend-session-service.js'
import { Channel } from './channel.js'

/** Identifies a worker. Module variables exist once in each worker. */
export interface WorkerInfo {
  /** The worker's place among the workers, from 0. A worker that replaces a dead one has the same index. */
  readonly index: number
}

/** @internal The parts of a request that its context needs. */
export interface ContextRun extends ServiceSource {
  readonly route: string
  readonly rid: number
  readonly traceparent: string | undefined
  readonly isNotify: boolean
  readonly signal: AbortSignal
  readonly log: FullLogger
  readonly messenger: Messenger
  readonly isDevelopment: boolean
  readonly worker: WorkerInfo
}

/**
 * The third argument of a handler: its request, the log, and access to other sessions, events and channels.
 */
export class HandlerContext {
  readonly #run: ContextRun

  /** @internal */
  constructor(run: ContextRun) {
    this.#run = run
  }

  /** The route that the client asked for. */
  get route(): string {
    return this.#run.route
  }

  /** The request's number, unique in its gateway. Log lines about the request carry it. */
  get requestId(): number {
    return this.#run.rid
  }

  /**
   * The trace that the request belongs to, by W3C Trace Context: pass it on as the header `traceparent` of
   * what the handler asks of other servers. undefined if the client sent none, or a malformed one.
   */
  get traceparent(): string | undefined {
    return this.#run.traceparent
  }

  /** `'request'` if the client waits for a reply, otherwise `'notify'`. */
  get kind(): 'request' | 'notify' {
    return this.#run.isNotify ? 'notify' : 'request'
  }

  /**
   * Aborts at the request's deadline, when its session ends, and when the gateway shuts down. Its `reason` is
   * `'timeout'`, `'session closed'` or `'shutdown'`.
   */
  get signal(): PlatformAbortSignal {
    return this.#run.signal
  }

  /** The gateway's log. Each line gets the request's route and number, its session, user and trace. */
  get log(): FullLogger {
    return this.#run.log
  }

  /** Access to other sessions: finds them by number or uid, changes and ends them. */
  get sessions(): BackendSessionService {
    return this.#run.service
  }

  /**
   * Sends an event to a session, or to all sessions of a user. It is sent before the request's reply. It is
   * no error if there is no such session or user.
   *
   * @param to a session, its address, or a uid for all sessions of that user
   * @param event the event's name: 1 to 255 bytes, not beginning with `$`
   * @param args the body: any value with a JSON form, of at most 16,000,000 bytes; then options
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`, `FRONTEND_UNKNOWN` for an address with `'*'`; TypeError
   * for an invalid name, receiver or option
   */
  send<Name extends EventName>(
    to: Recipient,
    event: Name,
    ...args: EventArguments<Name, ExceptOptions>
  ): void {
    this.#run.messenger.send(to, event, ...args)
  }

  /**
   * Variant of `send` that resolves with the number of sessions reached.
   *
   * @throws `FRONTEND_UNKNOWN` for each unknown gateway, and the other errors of `send`
   */
  asend<Name extends EventName>(
    to: Recipient,
    event: Name,
    ...args: EventArguments<Name, ExceptOptions>
  ): Promise<number> {
    return this.#run.messenger.asend(to, event, ...args)
  }

  /**
   * Sends an event to all sessions, or with `filter: 'bound'` to all that are bound to a user.
   *
   * @param event the event's name: 1 to 255 bytes, not beginning with `$`
   * @param args the body: any value with a JSON form, of at most 16,000,000 bytes; then options
   * @throws `EVENT_NOT_SERIALIZABLE`; TypeError for an invalid name or option
   */
  broadcast<Name extends EventName>(event: Name, ...args: EventArguments<Name, BroadcastOptions>): void {
    this.#run.messenger.broadcast(event, ...args)
  }

  /** Variant of `broadcast` that resolves with the number of sessions reached. */
  abroadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, BroadcastOptions>
  ): Promise<number> {
    return this.#run.messenger.abroadcast(event, ...args)
  }

  /**
   * Returns the channel of that name, a set of sessions that all workers share. The name takes 1 to 256
   * bytes.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): Channel {
    return new Channel(name, this.#run.messenger)
  }

  /** Whether the gateway was started with `dev`. Only then are replies checked against their schemas. */
  get isDevelopment(): boolean {
    return this.#run.isDevelopment
  }

  /** The worker that runs the handler. */
  get worker(): WorkerInfo {
    return this.#run.worker
  }
}
