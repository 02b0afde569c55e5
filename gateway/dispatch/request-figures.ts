/** The watcher that measures each request by route, for the metrics. */
import { errors, GatewayError } from '../../shared/errors.js'
import type { Outcome, Request } from '../sessions/request.js'
import { type RequestOutcome, RouteFigures } from '../telemetry/route-figures.js'
import type { RequestWatcher } from './open-requests.js'

/** The outcomes of errors of the gateway, which a game may throw with such a code of its own. */
const outcomesByCode = new Map<string, RequestOutcome>([
  [errors.timeout.code, 'timeout'],
  [errors.workerLost.code, 'worker_lost'],
  [errors.handlerFatal.code, 'worker_lost']
])

export class RequestFigures implements RequestWatcher {
  requestDecided({ route, arrivedAt, startedAt }: Request, outcome: Outcome | undefined, now: number): void {
    route.figures ??= new RouteFigures()
    route.figures.add(classify(outcome, startedAt !== undefined), arrivedAt, startedAt, now)
  }
}

function classify(outcome: Outcome | undefined, wasHandedOut: boolean): RequestOutcome {
  if (outcome === undefined) return 'dropped'
  if (!('error' in outcome)) return 'ok'
  const { error } = outcome
  const own = error instanceof GatewayError ? outcomesByCode.get(error.code) : undefined
  return own ?? (wasHandedOut ? 'error' : 'not_run')
}
