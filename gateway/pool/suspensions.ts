/**
 * Routes that end workers again and again. Each death costs all who had something running there, so such a route is refused for
 * a while; then it is tried again, and one more death is enough.
 */
import type { Logger } from '../../shared/text/log.js'
import type { Route } from '../sessions/routes.js'
import type { Metrics } from '../telemetry/metrics.js'

/** So many deaths within so many milliseconds suspend a route, for as long. */
const deaths = 3
const period = 60_000

interface Blame {
  /** When it ended workers, the last few times. */
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

  /** A worker has ended because of a route's handler, for certain. `route`: its name. */
  blame(route: string, cause: string): void {
    const { metrics, log, monotonic } = this.#init
    const time = monotonic()
    const blame = this.#byRoute.get(route) ?? { at: [], suspendedUntil: 0 }
    this.#byRoute.set(route, blame)
    // Who was suspended not long ago is on probation.
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

  /** The handlers are new: what they have done before counts no more. */
  lift(): void {
    this.#byRoute.clear()
  }

  /** Milliseconds until a route is tried again; 0: it is not suspended. */
  remaining(route: Route): number {
    const blame = this.#byRoute.get(route.name)
    return blame === undefined ? 0 : Math.max(0, Math.ceil(blame.suspendedUntil - this.#init.monotonic()))
  }
}
