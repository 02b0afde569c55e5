/** What a handler module's factory or class is made with: the worker's services, outside any request. */
import type { BackendSessionService } from './backend-session-service.js'
import type { WorkerInfo } from './context.js'

export class HandlerApp {
  readonly backendSessionService: BackendSessionService
  readonly worker: WorkerInfo

  /** @internal */
  constructor(backendSessionService: BackendSessionService, worker: WorkerInfo) {
    this.backendSessionService = backendSessionService
    this.worker = worker
  }

  /** A service by its name, as Pinus has it; undefined for a name that there is none of. */
  get(name: string): BackendSessionService | undefined {
    return name === 'backendSessionService' ? this.backendSessionService : undefined
  }
}
