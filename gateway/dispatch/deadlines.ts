/**
 * Answers requests whose time is up: at their deadline, or when the gateway closes. Owned by the core. The
 * dispatcher's timer calls `sweep`.
 */
import { errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import type { Logger } from '../../shared/text/log.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Request } from '../sessions/request.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { OpenRequests } from './open-requests.js'

export interface DeadlinesInit {
  readonly requests: OpenRequests
  readonly timeLimits: Pick<TimeLimits, 'areOff'>
  readonly metrics: Metrics
  readonly log: Logger
}

export class Deadlines {
  readonly #init: DeadlinesInit
  readonly #requests: OpenRequests

  constructor(init: DeadlinesInit) {
    this.#init = init
    this.#requests = init.requests
  }

  /**
   * Answers the requests whose deadline has passed, and gives up their handlers. From then on the operations
   * of these handlers are refused, and their lanes go on without them.
   */
  sweep(now: number): void {
    for (const request of this.#requests.overdue(now)) {
      // Answering an earlier request may have ended this one too, because the outcome of a hook can end the
      // session.
      if (request.deadline > now || !this.#requests.has(request)) continue
      if (request.state !== 'decided') this.#timeOut(request)
      else this.#requests.giveUp(request)
    }
  }

  /** Whether the request's deadline has passed. No deadline passes while time limits are off. */
  hasPassed(request: Request, now: number): boolean {
    return request.deadline <= now && !this.#init.timeLimits.areOff
  }

  /**
   * Answers a request that is about to be handed out, if its deadline has passed. Returns whether it was
   * answered.
   */
  expire(request: Request, now: number): boolean {
    if (!this.hasPassed(request, now)) return false
    this.#timeOut(request)
    return request.state === 'decided'
  }

  /**
   * Answers all requests that clients still wait for, because the gateway closes. Requests that have not
   * started are never run. The others are aborted, and run on until their sessions end. Their later
   * replies are not sent.
   */
  abandon(): void {
    const { log } = this.#init
    log.warn('Requests have not ended in time', { requests: this.#requests.undecided })
    for (const request of this.#requests.all()) {
      // Hooks are not requests of clients, and have a time limit of their own.
      if (request.state === 'decided' || request.onOutcome !== undefined) continue
      request.turn?.takeBack()
      if (request.turn === undefined) {
        leaveLane(request)
        this.#requests.decide(request, { error: errors.closing() })
        continue
      }
      request.turn.worker.abort(request, 'shutdown')
      if ((request.flags & requestFlags.notify) !== 0) continue
      const error = errors.workerLost(request.route.name, 'the gateway closes')
      this.#requests.answerEarly(request, { error })
    }
  }

  #timeOut(request: Request): void {
    const { route, timeout } = request
    // This puts a request that has not started back into its lane, so it must leave the lane below.
    request.turn?.takeBack()
    // A hook is not given up before it has started. Its clock stops here, and starts anew when it is handed
    // out.
    if (request.onOutcome !== undefined && request.turn === undefined) return request.stopClock()
    if (request.turn !== undefined) this.#requests.giveUp(request)
    leaveLane(request)
    this.#init.metrics.count('timeouts')
    this.#requests.decide(request, { error: errors.timeout(route.name, timeout) })
  }
}

/** Takes a request out of its lane, so that it is not handed out any more. */
export function leaveLane(request: Request): void {
  const { waiting } = request.session.lane
  const at = waiting.indexOf(request)
  if (at >= 0) waiting.splice(at, 1)
}
