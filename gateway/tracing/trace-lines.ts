/**
 * The log's lines with the bodies of requests and replies, at the level `trace`. Secrets in them are hidden.
 *
 * There is an object of this class if `logLevel` is `trace`, and none otherwise.
 */
import { requestFlags } from '../../shared/link/batch.js'
import type { FullLogger } from '../../shared/text/log.js'
import type { RequestWatcher } from '../dispatch/open-requests.js'
import type { Outcome, Request } from '../sessions/request.js'
import { redactBody, redactValue } from '../telemetry/redact.js'

export class TraceLines implements RequestWatcher {
  readonly #log: Pick<FullLogger, 'trace'>

  constructor(log: Pick<FullLogger, 'trace'>) {
    this.#log = log
  }

  requestAdded(request: Request): void {
    const body = redactBody(request.body, (request.flags & requestFlags.gzipped) !== 0)
    this.#log.trace('A request came', { ...request.names, body })
  }

  requestDecided(request: Request, outcome: Outcome | undefined): void {
    if (outcome === undefined) return
    const told =
      'error' in outcome ? { error: redactValue(outcome.error) } : { body: redactBody(outcome.body) }
    this.#log.trace('A request has its outcome', { ...request.names, ...told })
  }
}
