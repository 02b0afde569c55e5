/** What a handler gets beside its body and its session. Made for each request; what costs is made when it is used. */
import type { Logger } from '../../shared/text/log.js'
import type { BroadcastOptions, ExceptOptions, Messenger } from '../operations/messenger.js'
import type { Recipient } from '../operations/session-address.js'
import type { BackendSessionService, ServiceSource } from './backend-session-service.js'
import { Channel } from './channel.js'

/** Which worker runs the code: module variables exist once in each. */
export interface WorkerInfo {
  /** The worker's place among the workers, from 0. Its replacement after a death has the same. */
  readonly index: number
}

/** What a context needs of the request that it is about. */
export interface ContextRun extends ServiceSource {
  readonly route: string
  readonly rid: number
  readonly isNotify: boolean
  readonly signal: AbortSignal
  readonly log: Logger
  readonly messenger: Messenger
  readonly isDevelopment: boolean
  readonly worker: WorkerInfo
}

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

  /** The request's number, unique in its gateway; lines of the log about it carry it. */
  get requestId(): number {
    return this.#run.rid
  }

  /** Whether the client waits for a reply. */
  get kind(): 'request' | 'notify' {
    return this.#run.isNotify ? 'notify' : 'request'
  }

  /** Aborts at the request's deadline, when its session ends, and when the gateway shuts down. */
  get signal(): AbortSignal {
    return this.#run.signal
  }

  /** The gateway's log, with the route and the request's number added to each line. */
  get log(): Logger {
    return this.#run.log
  }

  /** Other sessions: found by number or uid, changed, ended. */
  get sessions(): BackendSessionService {
    return this.#run.service
  }

  /**
   * Sends an event to a session, or to all sessions of a user. It arrives before the request's reply. To send to nobody
   * is no error.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`
   */
  send(to: Recipient, event: string, body?: unknown, options?: ExceptOptions): void {
    this.#run.messenger.send(to, event, body, options)
  }

  /** The same; resolves with the number of sessions that it was sent to. */
  asend(to: Recipient, event: string, body?: unknown, options?: ExceptOptions): Promise<number> {
    return this.#run.messenger.asend(to, event, body, options)
  }

  /**
   * Sends an event to all sessions, or to all that are bound to a user.
   *
   * @throws `EVENT_NOT_SERIALIZABLE`
   */
  broadcast(event: string, body?: unknown, options?: BroadcastOptions): void {
    this.#run.messenger.broadcast(event, body, options)
  }

  /** The same; resolves with the number of sessions that it was sent to. */
  abroadcast(event: string, body?: unknown, options?: BroadcastOptions): Promise<number> {
    return this.#run.messenger.abroadcast(event, body, options)
  }

  /**
   * A channel by its name: a set of sessions that all workers share.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): Channel {
    return new Channel(name, this.#run.messenger)
  }

  /** Whether the gateway was started with `dev`: replies are held to their schemas. */
  get isDevelopment(): boolean {
    return this.#run.isDevelopment
  }

  get worker(): WorkerInfo {
    return this.#run.worker
  }
}
