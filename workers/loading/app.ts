/** What a handler module's factory or class is made with: the worker's services, outside any request. */
import type { BackendSessionService } from '../api/backend-session-service.js'
import { Channel } from '../api/channel.js'
import type { WorkerInfo } from '../api/context.js'
import type { BroadcastOptions, ExceptOptions, Messenger } from '../operations/messenger.js'
import type { Recipient } from '../operations/session-address.js'
import type { ChannelService } from '../pinus/channel-service.js'

/** What `app.get` gives, by its name in Pinus. */
export interface AppServices {
  readonly backendSessionService: BackendSessionService
  readonly channelService: ChannelService
  /** The gateway's name: what sessions have as `frontendId`. */
  readonly serverId: string
}

export interface HandlerAppInit extends AppServices {
  readonly worker: WorkerInfo
  readonly messenger: Messenger
}

export class HandlerApp implements AppServices {
  readonly backendSessionService: BackendSessionService
  readonly channelService: ChannelService
  readonly serverId: string
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

  /** Sessions: found by number or uid, changed, ended. As `context.sessions`. */
  get sessions(): BackendSessionService {
    return this.backendSessionService
  }

  /** As `context.send`, outside any request: for a timer, say. */
  send(to: Recipient, event: string, body?: unknown, options?: ExceptOptions): void {
    this.#messenger.send(to, event, body, options)
  }

  asend(to: Recipient, event: string, body?: unknown, options?: ExceptOptions): Promise<number> {
    return this.#messenger.asend(to, event, body, options)
  }

  broadcast(event: string, body?: unknown, options?: BroadcastOptions): void {
    this.#messenger.broadcast(event, body, options)
  }

  abroadcast(event: string, body?: unknown, options?: BroadcastOptions): Promise<number> {
    return this.#messenger.abroadcast(event, body, options)
  }

  channel(name: string): Channel {
    return new Channel(name, this.#messenger)
  }

  /** A service by its name, as Pinus has it; undefined for a name that there is none of. */
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
