/** Tells of requests that took long, with the times that they waited and ran. The option `slowRequest`. */
import type { Logger } from '../../shared/text/log.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import { describeOutcome, type Outcome, type Request } from '../sessions/request.js'

export class SlowRequests implements RequestWatcher {
  readonly #least: number
  readonly #log: Logger

  /** Tells of requests that took at least `least` milliseconds. */
  constructor(least: number, log: Logger) {
    this.#least = least
    this.#log = log
  }

  requestDecided(request: Request, outcome: Outcome | undefined, now: number): void {
    if (now - request.arrivedAt < this.#least) return
    const times = request.timesAt(now)
    this.#log.warn('A request was slow', { ...request.names, ...times, outcome: describeOutcome(outcome) })
  }
}
