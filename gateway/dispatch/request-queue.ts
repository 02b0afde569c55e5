/**
 * Puts lanes and concurrent requests into the waiting line, in common or for one worker. Decides which of
 * them stand in line, and for which worker. Refuses requests that no worker will run. Owned by the core;
 * the dispatcher takes from its line.
 */
import { errors } from '../../shared/errors.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Pool } from '../pool/pool.js'
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { placeFor } from './affinity.js'
import type { OpenRequests } from './open-requests.js'
import { WaitingLine } from './waiting-line.js'

export interface RequestQueueInit {
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly timeLimits: Pick<TimeLimits, 'areOff'>
  readonly monotonic: () => number
  /** Maximum milliseconds that a request should wait for a worker; 0 means no limit. */
  readonly maxQueueDelay: number
}

export class RequestQueue {
  readonly line: WaitingLine
  readonly #pool: Pool
  readonly #requests: OpenRequests
  readonly #timeLimits: Pick<TimeLimits, 'areOff'>
  readonly #monotonic: () => number
  readonly #maxQueueDelay: number

  constructor({ pool, requests, timeLimits, monotonic, maxQueueDelay }: RequestQueueInit) {
    this.#pool = pool
    this.#requests = requests
    this.#timeLimits = timeLimits
    this.#monotonic = monotonic
    this.#maxQueueDelay = maxQueueDelay
    this.line = new WaitingLine(pool.size, maxQueueDelay)
  }

  /**
   * Puts a session's lane in line, if it has a waiting request and none that is handed out. Refuses its
   * requests that nobody will run.
   */
  addLane(session: Session): void {
    const { lane } = session
    if (lane.held !== undefined) return
    this.#refuseGone(lane.waiting)
    const first = lane.waiting[0]
    if (first === undefined || lane.turn !== undefined || lane.isInLine) return
    lane.isInLine = true
    this.line.add(session, undefined, this.placeFor(first), this.#monotonic())
  }

  /** Puts a concurrent request in line, if it waits and is not in line. Refuses it if nobody will run it. */
  addAlone(request: Request): void {
    if (request.state !== 'waiting' || request.isInLine || request.session.lane.held !== undefined) return
    this.#refuseGone([request])
    if (request.state !== 'waiting') return
    request.isInLine = true
    this.line.add(request.session, request, this.placeFor(request), this.#monotonic())
  }

  /** Returns the only place whose worker may run the request; undefined if any may. */
  placeFor(request: Pick<Request, 'route' | 'session'>): number | undefined {
    return placeFor(request, this.#pool.places)
  }

  /** Whether work waits for the worker at a place. */
  hasWorkFor(place: number): boolean {
    return this.line.sizeFor(place) > 0
  }

  /** Returns the longest time in milliseconds for which a request has waited for a worker. */
  longestWait(now: number): number {
    return this.line.longestWait(now)
  }

  /** Whether a request of this route and session, arriving now, would wait too long for a worker. */
  isBehind(request: Pick<Request, 'route' | 'session'>, now: number): boolean {
    if (this.line.isEmpty || this.#maxQueueDelay === 0 || this.#timeLimits.areOff) return false
    return this.line.isBehind(this.placeFor(request), this.#requests.waiting, now)
  }

  /** Whether requests of most sessions, arriving now, would wait too long: in common, or for each worker. */
  isOverloaded(now: number): boolean {
    if (this.line.isEmpty || this.#maxQueueDelay === 0 || this.#timeLimits.areOff) return false
    const isBehind = (place?: number) => this.line.isBehind(place, this.#requests.waiting, now)
    const { places } = this.#pool
    return isBehind() || (places.length > 0 && places.every(place => isBehind(place)))
  }

  /**
   * Moves the work of a place without a worker to other places. Refuses all waiting requests if no place is
   * left.
   */
  placeFailed(place: number): void {
    const waiters = this.#pool.places.length === 0 ? this.line.takeAll() : this.line.takeAll(place)
    for (const { session, request } of waiters) {
      if (request !== undefined) {
        request.isInLine = false
        this.addAlone(request)
      } else {
        session.lane.isInLine = false
        this.addLane(session)
      }
    }
  }

  /**
   * Removes requests from a list and answers them with an error, if no worker offers their route any more, or
   * if no worker is expected to start.
   */
  #refuseGone(requests: Request[]): void {
    const hasPlaces = this.#pool.places.length > 0
    for (let i = 0; i < requests.length; i++) {
      const request = requests[i]!
      const { isOffered, name } = request.route
      // A session can't go on without its onConnect, so this hook waits until there is a worker.
      if (isOffered && (hasPlaces || request === request.session.lane.connectHook)) continue
      requests.splice(i--, 1)
      this.#requests.decide(request, { error: isOffered ? errors.noWorker(name) : errors.routeUnknown(name) })
    }
  }
}
