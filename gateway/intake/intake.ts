/**
 * Accepts requests, or refuses them with a reply that says why: the last step before the lane.
 */

import { errors, type GatewayError } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { type Logger, nameSession } from '../../shared/text/log.js'
import { readTraceparent } from '../../shared/wire/traceparent.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Suspensions } from '../pool/suspensions.js'
import type { IncomingRequest } from '../protocols/protocol.js'
import type { RouteTable } from '../sessions/routes.js'
import type { Session } from '../sessions/session.js'
import type { CounterName, Metrics } from '../telemetry/metrics.js'
import { SeldomLine } from '../telemetry/seldom-line.js'
import type { LoadLimits } from './load-limits.js'
import { RefusedNotifies } from './refused-notifies.js'

/** Told of each refused request, for the log. */
export interface RefusalWatcher {
  /** `route`: its name, or its code as the client wrote it, if no handler has it. */
  requestRefused(session: Session, route: string | number, error: GatewayError): void
}

/** A request that is refused before it is one of the gateway's. */
interface RefusedRequest {
  readonly session: Session
  /** Its name, or its code as the client wrote it, if no handler has it. */
  readonly route: string | number
  /** The client's number of it; 0: a notify. */
  readonly id: number
}

export interface IntakeInit {
  readonly watchers?: readonly RefusalWatcher[]
  readonly routes: RouteTable
  readonly suspensions: Suspensions
  readonly loadLimits: LoadLimits
  /** Ends a session that keeps sending far beyond its limits. */
  readonly onFlood: (session: Session) => void
  readonly dispatcher: Dispatcher
  readonly metrics: Metrics
  readonly requestTimeout: number
  /** Bytes that a body may take. */
  readonly maxBodyBytes: number
  readonly log: Logger
  readonly monotonic: () => number
}

export class Intake {
  readonly #init: IntakeInit
  readonly #refusedNotifies = new RefusedNotifies()
  readonly #overloaded: SeldomLine
  readonly #rateLimited: SeldomLine
  #isOpen = true

  constructor(init: IntakeInit) {
    this.#init = init
    this.#overloaded = new SeldomLine('The workers are behind: requests are refused', init)
    // Every game has clients that are a little too fast: no warning.
    this.#rateLimited = new SeldomLine('A session sends too much: requests are refused', init, 'info')
  }

  /** Refuses all requests from now on. */
  close(): void {
    this.#isOpen = false
  }

  /** Accepts or refuses one request. `now`: when it arrived, by the monotonic clock. */
  receive(session: Session, request: IncomingRequest, now: number): void {
    const { route: asked, knownRoutes, id, gzipped, rich, body } = request
    const { routes, suspensions, loadLimits, dispatcher, metrics, requestTimeout, onFlood } = this.#init
    metrics.count(id === 0 ? 'notifies' : 'requests')
    const route = routes.find(asked, knownRoutes)
    const verdict = loadLimits.judge(session, route, request, now)
    if (verdict === 'flood') return onFlood(session)
    // Checked before the load, since a retry would not help.
    const refused = { session, route: route?.name ?? asked, id }
    if (body.length > this.#init.maxBodyBytes) return this.#refuseLarge(refused, body.length)
    if (verdict !== undefined) return this.#refuseLoad(refused, verdict)
    if (route === undefined) return this.#refuse(refused, errors.routeUnknown(asked), 'requestsUnknown')
    const suspended = suspensions.remaining(route)
    if (suspended > 0)
      return this.#refuse(refused, errors.routeSuspended(route.name, suspended), 'requestsSuspended')
    if (!this.#isOpen) return this.#refuse(refused, errors.closing(), 'requestsClosing')
    const flags =
      (id === 0 ? requestFlags.notify : 0) |
      (gzipped ? requestFlags.gzipped : 0) |
      (rich ? requestFlags.rich : 0)
    const timeout = route.options.timeout ?? requestTimeout
    const traceparent = readTraceparent(request.traceparent)
    dispatcher.add({ session, route, id, flags, body, timeout, now, traceparent })
  }

  /** Counts bytes from the session's client that belong to no request. */
  pay(session: Session, bytes: number, now: number): void {
    const { loadLimits, onFlood } = this.#init
    if (loadLimits.isFlood(session, bytes, now)) onFlood(session)
  }

  #refuse({ session, route, id }: RefusedRequest, error: GatewayError, metric: CounterName): void {
    this.#init.metrics.count(metric)
    this.#init.metrics.count('errors')
    for (const watcher of this.#init.watchers ?? []) watcher.requestRefused(session, route, error)
    if (id === 0) return
    this.#init.metrics.count('replies')
    session.receiver?.error(id, error)
  }

  #refuseLarge(refused: RefusedRequest, bytes: number): void {
    const { session, route } = refused
    const { maxBodyBytes: limit, log } = this.#init
    const error = errors.bodyTooLarge(`${bytes} bytes`, limit)
    log.info('A body was refused', { route, ...nameSession(session), bytes, limit, option: 'maxBodyBytes' })
    this.#refuseByLimit(refused, error, 'bodiesTooLarge')
  }

  #refuseLoad(refused: RefusedRequest, error: GatewayError): void {
    const isOverload = error.code === errors.overloaded.code
    const { route, session } = refused
    if (isOverload) this.#overloaded.tell({ route, why: error.message })
    else this.#rateLimited.tell({ route, ...nameSession(session), why: error.message })
    this.#refuseByLimit(refused, error, isOverload ? 'requestsOverloaded' : 'requestsRateLimited')
  }

  /** A notify has no reply, so its client is told how many a limit has refused, at most once a second. */
  #refuseByLimit(refused: RefusedRequest, error: GatewayError, metric: CounterName): void {
    if (refused.id === 0) this.#refusedNotifies.count(refused.session, error)
    this.#refuse(refused, error, metric)
  }
}
