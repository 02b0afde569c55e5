/** What a handler gets beside its body and its session. Made for each request; what costs is made when it is used. */
import type { Logger } from '../shared/log.js'
import type { BackendSessionService } from './backend-session-service.js'
import type { Run } from './run.js'

/** Which worker runs the code: module variables exist once in each. */
export interface WorkerInfo {
  /** The worker's place among the workers, from 0. Its replacement after a death has the same. */
  readonly index: number
}

export class HandlerContext {
  readonly #run: Run

  /** @internal */
  constructor(run: Run) {
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
    return this.#run.operations.service
  }

  get worker(): WorkerInfo {
    return this.#run.worker
  }
}
