/**
 * The queue of lanes and concurrent requests that wait for a worker. Decides which of them stand in line, and
 * for which worker. Refuses requests that no worker will run. Owned by the core; the dispatcher takes from
 * its line.
 */
import { errors } from '../../shared/errors.js'
import type { Pool } from '../pool/pool.js'
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { placeFor } from './affinity.js'
import type { OpenRequests } from './open-requests.js'
import { WaitingLine } from './waiting-line.js'

export interface RequestQueueInit {
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly monotonic: () => number
  /** Milliseconds that a request should wait for a worker at most; 0: no limit. */
  readonly maxQueueDelay: number
}

export class RequestQueue {
  readonly line: WaitingLine
  readonly #pool: Pool
  readonly #requests: OpenRequests
  readonly #monotonic: () => number
  readonly #maxQueueDelay: number

  constructor({ pool, requests, monotonic, maxQueueDelay }: RequestQueueInit) {
    this.#pool = pool
    this.#requests = requests
    this.#monotonic = monotonic
    this.#maxQueueDelay = maxQueueDelay
    this.line = new WaitingLine(pool.size, maxQueueDelay)
  }

  /**
   * Puts a session's lane in line, if it has a request to hand out and none of its requests is handed out.
   */
  addLane(session: Session): void {
    const { lane } = session
    this.#refuseGone(lane.waiting)
    const first = lane.waiting[0]
    if (first === undefined || lane.turn !== undefined || lane.isInLine) return
    lane.isInLine = true
    this.line.add(session, undefined, this.placeFor(first), this.#monotonic())
  }

  /** Puts a concurrent request in line. */
  addAlone(request: Request): void {
    this.#refuseGone([request])
    if (request.state !== 'waiting') return
    this.line.add(request.session, request, this.placeFor(request), this.#monotonic())
  }

  /** Returns the only place that may run the request; undefined: any. */
  placeFor(request: Pick<Request, 'route' | 'session'>): number | undefined {
    return placeFor(request, this.#pool.places)
  }

  /** Whether something waits that the worker at a place may take. */
  hasWorkFor(place: number): boolean {
    return this.line.sizeFor(place) > 0
  }

  /** Returns the longest time in milliseconds for which a request has waited for a worker. */
  longestWait(now: number): number {
    return this.line.longestWait(now)
  }

  /** Whether such a request, if it arrived now, would wait for a worker for too long. */
  isBehind(request: Pick<Request, 'route' | 'session'>, now: number): boolean {
    if (this.line.isEmpty || this.#maxQueueDelay === 0) return false
    return this.line.isBehind(this.placeFor(request), this.#requests.waiting, now)
  }

  /**
   * Moves the work of a place that has no worker for a while to other places. Without any place it is
   * refused.
   */
  placeFailed(place: number): void {
    const waiters = this.#pool.places.length === 0 ? this.line.takeAll() : this.line.takeAll(place)
    for (const { session, request } of waiters) {
      if (request !== undefined) {
        if (request.state === 'waiting') this.addAlone(request)
      } else {
        session.lane.isInLine = false
        this.addLane(session)
      }
    }
  }

  /** Answers requests whose route no worker offers any more, and all requests while no worker is expected. */
  #refuseGone(requests: Request[]): void {
    const hasPlaces = this.#pool.places.length > 0
    for (let i = 0; i < requests.length; i++) {
      const request = requests[i]!
      const { isOffered, name } = request.route
      // A session can't go on without its onConnect, so that waits for a worker.
      if (isOffered && (hasPlaces || request === request.session.lane.connectHook)) continue
      requests.splice(i--, 1)
      this.#requests.decide(request, { error: isOffered ? errors.noWorker(name) : errors.routeUnknown(name) })
    }
  }
}
