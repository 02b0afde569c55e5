/**
 * The `app` of a worker: its services, for code outside any request.
 * Handler modules receive it in their factories and classes, and the hooks of a worker as an argument.
 */
import type { EventArguments, EventName } from '../../shared/events/event-types.js'
import type { BackendSessionService } from '../api/backend-session-service.js'
import { Channel } from '../api/channel.js'
import type { WorkerInfo } from '../api/context.js'
import type { Messenger } from '../operations/messenger.js'
import type { BroadcastOptions, ExceptOptions, Recipient } from '../operations/session-address.js'
import type { ChannelService } from '../pinus/channel-service.js'

/** The services that `app.get` returns, by their names in Pinus. */
export interface AppServices {
  /** Access to all sessions. */
  readonly backendSessionService: BackendSessionService
  /** Channels and events by Pinus' names. */
  readonly channelService: ChannelService
  /** The gateway's name, which its sessions have as `frontendId`. */
  readonly serverId: string
}

/** @internal */
export interface HandlerAppInit extends AppServices {
  readonly worker: WorkerInfo
  readonly messenger: Messenger
}

/** The services of a worker, for code outside any request, such as timers and the hooks of a worker. */
export class HandlerApp implements AppServices {
  /** Access to all sessions, by Pinus' name. The same as `sessions`. */
  readonly backendSessionService: BackendSessionService
  /** Channels and events by Pinus' names. */
  readonly channelService: ChannelService
  /** The gateway's name, which its sessions have as `frontendId`. */
  readonly serverId: string
  /** The worker that runs the code. */
  readonly worker: WorkerInfo
  readonly #messenger: Messenger

  /** @internal */
  constructor({ backendSessionService, channelService, serverId, worker, messenger }: HandlerAppInit) {
    this.backendSessionService = backendSessionService
    this.channelService = channelService
    this.serverId = serverId
    this.worker = worker
    this.#messenger = messenger
  }

  /**
   * Access to all sessions: finds them by number or uid, changes and ends them. The same as
   * `context.sessions`.
   */
  get sessions(): BackendSessionService {
    return this.backendSessionService
  }

  /**
   * Sends an event to a session, or to all sessions of a user. It is no error if there is no such session or
   * user.
   *
   * @param to a session, its address, or a uid for all sessions of that user
   * @param event the event's name: 1 to 255 bytes, not beginning with `$`
   * @param args the body: any value with a JSON form, of at most 16,000,000 bytes; then options
   * @throws `EVENT_NOT_SERIALIZABLE`, `UID_INVALID`; TypeError for an invalid name, receiver or option
   */
  send<Name extends EventName>(
    to: Recipient,
    event: Name,
    ...args: EventArguments<Name, ExceptOptions>
  ): void {
    this.#messenger.send(to, event, ...args)
  }

  /**
   * Variant of `send` that resolves with the number of sessions reached.
   *
   * @throws `FRONTEND_UNKNOWN` and the errors of `send`
   */
  asend<Name extends EventName>(
    to: Recipient,
    event: Name,
    ...args: EventArguments<Name, ExceptOptions>
  ): Promise<number> {
    return this.#messenger.asend(to, event, ...args)
  }

  /**
   * Sends an event to all sessions, or with `filter: 'bound'` to all that are bound to a user.
   *
   * @param event the event's name: 1 to 255 bytes, not beginning with `$`
   * @param args the body: any value with a JSON form, of at most 16,000,000 bytes; then options
   * @throws `EVENT_NOT_SERIALIZABLE`; TypeError for an invalid name or option
   */
  broadcast<Name extends EventName>(event: Name, ...args: EventArguments<Name, BroadcastOptions>): void {
    this.#messenger.broadcast(event, ...args)
  }

  /** Variant of `broadcast` that resolves with the number of sessions reached. */
  abroadcast<Name extends EventName>(
    event: Name,
    ...args: EventArguments<Name, BroadcastOptions>
  ): Promise<number> {
    return this.#messenger.abroadcast(event, ...args)
  }

  /**
   * Returns the channel of that name, a set of sessions that all workers share. The name takes 1 to 256
   * bytes.
   *
   * @throws `CHANNEL_INVALID`
   */
  channel(name: string): Channel {
    return new Channel(name, this.#messenger)
  }

  /** Returns a service by its name in Pinus; undefined for an unknown name. */
  get<Name extends keyof AppServices>(name: Name): AppServices[Name]
  get(name: string): unknown
  get(name: string): unknown {
    switch (name) {
      case 'backendSessionService':
      case 'channelService':
      case 'serverId':
        return this[name]
      default:
        return undefined
    }
  }
}
