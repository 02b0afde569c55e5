/**
 * The requests that are not over: each is decided once, by an outcome, by its deadline, or by the end of its session,
 * and its client is told once. Knows nothing of how requests find their workers.
 */

import { errors } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { UnreadableError } from '../../shared/link/outbox-reader.js'
import type { Logger } from '../../shared/text/log.js'
import type { Worker } from '../pool/worker.js'
import type { Outcome, Request } from '../sessions/request.js'
import type { Metrics } from '../telemetry/metrics.js'

/** Milliseconds that a handler without a deadline may take to end once its session has, before it is given up. */
const lateTime = 10_000

export interface OpenRequestsInit {
  readonly metrics: Metrics
  readonly log: Logger
  /** Requests that one session may have open; beyond it its socket is not read. */
  readonly laneLimit: number
}

export class OpenRequests {
  readonly #init: OpenRequestsInit
  /** By number: those that are not decided, and those decided whose worker still runs them and has not given them up. */
  readonly #byRid = new Map<number, Request>()
  #undecided = 0
  /** Of these, those that are not handed out. */
  #waiting = 0
  #bytes = 0
  #onIdle: (() => void) | undefined

  constructor(init: OpenRequestsInit) {
    this.#init = init
  }

  /** Whether there are none, decided or not. */
  get isEmpty(): boolean {
    return this.#byRid.size === 0
  }

  /** Requests that wait or run. */
  get undecided(): number {
    return this.#undecided
  }

  /** Characters of their bodies. */
  get bytes(): number {
    return this.#bytes
  }

  get waiting(): number {
    return this.#waiting
  }

  get running(): number {
    return this.#undecided - this.#waiting
  }

  /** Resolves once all are decided. */
  async idle(): Promise<void> {
    if (this.#undecided > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  /** A request that a worker has, and has not given up. Throws UnreadableError, if it is none. */
  findIn(worker: Worker, rid: number): Request {
    const request = this.#byRid.get(rid)
    if (request?.turn?.worker === worker) return request
    throw new UnreadableError(`the outcome of request ${rid}, which it does not have`)
  }

  add(request: Request): void {
    const { rid, session } = request
    const { lane } = session
    this.#byRid.set(rid, request)
    this.#undecided++
    this.#waiting++
    this.#bytes += request.body.length
    if (++lane.open >= this.#init.laneLimit && !lane.isPausing) {
      lane.isPausing = true
      session.receiver?.pause()
    }
  }

  /** So many of those that waited are with a worker. */
  handedOut(count: number): void {
    this.#waiting -= count
  }

  /** So many of those that were with a worker wait again. */
  takenBack(count: number): void {
    this.#waiting += count
  }

  /** Its worker is done with it, and it is decided if it was not. */
  settle(request: Request, outcome: Outcome): void {
    this.decide(request, outcome)
    request.hasOutcome = true
    this.#byRid.delete(request.rid)
    this.#end(request)
  }

  /** Decides a request and tells its client, if it asked for an answer. */
  decide(request: Request, outcome: Outcome): void {
    if (request.state === 'decided') return
    const { onOutcome } = request
    if (onOutcome !== undefined) {
      // Decided before it is told: it may end the session.
      this.#close(request)
      return onOutcome(outcome)
    }
    if (!request.isAnswered) this.#tell(request, outcome)
    this.#close(request)
  }

  /**
   * Answers all that clients still wait for, since nobody waits any longer for their outcomes: the gateway closes. What
   * has not started is not run. What runs goes on until its session ends, and its outcome is told to nobody.
   */
  abandon(): void {
    this.#init.log.warn('Requests have not ended in time', { requests: this.#undecided })
    for (const request of this.#byRid.values()) {
      // Hooks are no client's; they have a time of their own.
      if (request.state === 'decided' || request.onOutcome !== undefined) continue
      request.turn?.takeBack()
      if (request.turn === undefined) {
        this.#leaveLane(request)
        this.decide(request, { error: errors.closing() })
      } else if ((request.flags & requestFlags.notify) === 0) {
        this.#tell(request, { error: errors.workerLost(request.route.name, 'the gateway is closing') })
        request.isAnswered = true
      }
    }
  }

  /** Decides a request without telling anybody: its session is gone. */
  drop(request: Request, now: number): void {
    if (request.state === 'decided') return
    request.turn?.worker.abort(request, 'session closed')
    if (request.deadline === Number.POSITIVE_INFINITY) request.deadline = now + lateTime
    this.#close(request)
  }

  /** Answers those whose deadline has passed. What they do from now on has no effect; their lanes go on without them. */
  sweep(now: number): void {
    for (const request of this.#byRid.values()) {
      if (request.deadline > now) continue
      if (request.state !== 'decided') this.#timeOut(request)
      else {
        this.#giveUp(request)
        this.#end(request)
      }
    }
  }

  /** Answers one that is about to be handed out, if its deadline has passed. Gives whether it was answered. */
  expire(request: Request, now: number): boolean {
    if (request.deadline > now) return false
    this.#timeOut(request)
    return request.state === 'decided'
  }

  #tell(request: Request, outcome: Outcome): void {
    const { session, route, id, flags } = request
    const { metrics, log } = this.#init
    if ('error' in outcome) metrics.count('errors')
    if ((flags & requestFlags.notify) === 0) {
      metrics.count('replies')
      if ('error' in outcome) session.receiver?.error(id, outcome.error)
      else session.receiver?.reply(id, outcome.body)
    } else if ('error' in outcome) {
      const { code, message } = outcome.error
      log.warn('A notify failed', { route: route.name, sid: session.sid, code, error: message })
    }
  }

  #end(request: Request): void {
    const { onEnd } = request
    request.onEnd = undefined
    onEnd?.()
  }

  #timeOut(request: Request): void {
    const { route, timeout } = request
    // If it has not started it is in its lane again after this, and must not be handed out any more.
    request.turn?.takeBack()
    // A hook is not given up before it has started.
    if (request.onOutcome !== undefined && request.turn === undefined) return request.stopClock()
    if (request.turn !== undefined) this.#giveUp(request)
    this.#leaveLane(request)
    this.#init.metrics.count('timeouts')
    this.decide(request, { error: errors.timeout(route.name, timeout) })
  }

  /** It is not to be handed out any more. */
  #leaveLane(request: Request): void {
    const { waiting } = request.session.lane
    const at = waiting.indexOf(request)
    if (at >= 0) waiting.splice(at, 1)
  }

  /** Its handler runs on past its deadline. From now on it is its worker's alone. */
  #giveUp(request: Request): void {
    this.#byRid.delete(request.rid)
    this.#init.metrics.count('handlersGivenUp')
    request.turn?.worker.giveUp(request)
  }

  #close(request: Request): void {
    const { session, turn } = request
    const { lane } = session
    this.#undecided--
    this.#bytes -= request.body.length
    lane.open--
    lane.concurrent?.delete(request)
    if (turn === undefined) {
      this.#waiting--
      request.state = 'decided'
      this.#byRid.delete(request.rid)
    } else {
      turn.decide(request)
    }
    if (lane.isPausing && lane.open <= this.#init.laneLimit / 2) {
      lane.isPausing = false
      session.receiver?.resume()
    }
    if (this.#undecided === 0) this.#onIdle?.()
  }
}
