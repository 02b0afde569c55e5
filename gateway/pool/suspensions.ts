/**
 * A circuit breaker for routes that end workers repeatedly. The death of a worker fails the running requests
 * of all sessions there, so the route is refused for a while. Then it is tried again, and a single death
 * suspends it anew.
 */
import type { Logger } from '../../shared/text/log.js'
import type { Route } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'

/**
 * Number of deaths within one period that suspends a route, and the period in milliseconds. A suspension
 * lasts one period.
 */
const deaths = 3
const period = 60_000

interface Blame {
  /** Times of the last few deaths that the route has caused. */
  readonly at: number[]
  suspendedUntil: number
}

export interface SuspensionsInit {
  readonly metrics: Metrics
  readonly log: Logger
  readonly monotonic: () => number
}

export class Suspensions {
  readonly #init: SuspensionsInit
  readonly #byRoute = new Map<string, Blame>()

  constructor(init: SuspensionsInit) {
    this.#init = init
  }

  /** Counts a worker's death that a handler of this route has certainly caused. */
  blame(route: string, cause: string): void {
    const { metrics, log, monotonic } = this.#init
    const time = monotonic()
    const blame = this.#byRoute.get(route) ?? { at: [], suspendedUntil: 0 }
    this.#byRoute.set(route, blame)
    // A route that was suspended recently is on probation.
    const isOnProbation = blame.suspendedUntil > 0 && time < blame.suspendedUntil + period
    blame.at.push(time)
    while (blame.at.length > deaths) blame.at.shift()
    if (!isOnProbation && (blame.at.length < deaths || time - blame.at[0]! > period)) return
    blame.suspendedUntil = time + period
    metrics.count('routesSuspended')
    log.error('A route is suspended: it ends workers again and again', {
      route,
      cause,
      ms: period
    })
  }

  /** Ends the suspension of a route, and forgets its deaths. Returns whether it was suspended. */
  end(route: Route): boolean {
    const wasSuspended = this.remaining(route) > 0
    if (wasSuspended) this.#byRoute.delete(route.name)
    return wasSuspended
  }

  /** Forgets all deaths, because the handlers were reloaded. */
  lift(): void {
    this.#byRoute.clear()
  }

  /** Returns the names of the routes that are suspended now. */
  list(): string[] {
    const now = this.#init.monotonic()
    return [...this.#byRoute].flatMap(([route, { suspendedUntil }]) => (suspendedUntil > now ? [route] : []))
  }

  /** Returns the milliseconds until a route is tried again; 0 if it is not suspended. */
  remaining(route: Route): number {
    const blame = this.#byRoute.get(route.name)
    return blame === undefined ? 0 : Math.max(0, Math.ceil(blame.suspendedUntil - this.#init.monotonic()))
  }
}
