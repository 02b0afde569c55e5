/** What a handler module's factory or class is made with: the worker's services, outside any request. */
import type { BackendSessionService } from './backend-session-service.js'
import type { Channel } from './channel.js'
import type { WorkerInfo } from './context.js'
import type { BroadcastOptions, ExceptOptions, Messenger, Recipient } from './messenger.js'

export class HandlerApp {
  readonly backendSessionService: BackendSessionService
  readonly worker: WorkerInfo
  readonly #messenger: Messenger

  /** @internal */
  constructor(backendSessionService: BackendSessionService, worker: WorkerInfo, messenger: Messenger) {
    this.backendSessionService = backendSessionService
    this.worker = worker
    this.#messenger = messenger
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
    return this.#messenger.channel(name)
  }

  /** A service by its name, as Pinus has it; undefined for a name that there is none of. */
  get(name: string): BackendSessionService | undefined {
    return name === 'backendSessionService' ? this.backendSessionService : undefined
  }
}
