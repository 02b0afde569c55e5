/**
 * A circuit breaker for routes that end workers repeatedly. Each death costs every session with a running
 * request in that worker, so the route is refused for a while. Then it is tried again, and a single death
 * suspends it anew.
 */
import type { Logger } from '../../shared/text/log.js'
import type { Route } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'

/** Number of deaths within a period, in milliseconds, that suspends a route. The suspension lasts as long. */
const deaths = 3
const period = 60_000

interface Blame {
  /** The times of its last few deaths. */
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

  /** Counts the death of a worker that was certainly caused by a handler of the route. `route`: its name. */
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

  /** Forgets all deaths, because the handlers were reloaded. */
  lift(): void {
    this.#byRoute.clear()
  }

  /** Returns the milliseconds until a route is tried again; 0: it is not suspended. */
  remaining(route: Route): number {
    const blame = this.#byRoute.get(route.name)
    return blame === undefined ? 0 : Math.max(0, Math.ceil(blame.suspendedUntil - this.#init.monotonic()))
  }
}
