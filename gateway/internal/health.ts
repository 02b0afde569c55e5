/** The health checks: `/livez` and `/readyz` of the internal port, and the bare health of the public one. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Diagnosis, isReady } from './diagnosis.js'
import { answerJson, answerText, type InternalRoute } from './internal-server.js'

/** Returns the routes of the health checks. `diagnose` says what is wrong at the moment of the call. */
export function listHealthRoutes(diagnose: () => readonly Diagnosis[]): InternalRoute[] {
  return [
    { method: 'GET', path: '/livez', handle: (request, response) => tell(request, response, true, []) },
    {
      method: 'GET',
      path: '/readyz',
      handle: (request, response) => {
        const diagnoses = diagnose()
        tell(request, response, isReady(diagnoses), diagnoses)
      }
    }
  ]
}

/** Answers with the status and the reasons: as text, or as JSON if the request asks for it. */
function tell(
  { headers }: IncomingMessage,
  response: ServerResponse,
  isWell: boolean,
  reasons: readonly Diagnosis[]
): void {
  const code = isWell ? 200 : 503
  const status = isWell ? 'ok' : 'not ready'
  if (headers.accept?.includes('application/json') === true) answerJson(response, code, { status, reasons })
  else {
    const lines = reasons.map(({ severity, code, what, todo }) => `${severity} ${code}: ${what} ${todo}`)
    answerText(response, code, [status, ...lines].join('\n'))
  }
}

/**
 * Returns a function that answers a health check of the public port, and returns whether the request was one.
 *
 * @param path the option `healthPath`; `none` for none
 */
export function createPublicHealth(
  path: string,
  ask: () => boolean
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return ({ method, url }, response) => {
    if (path === 'none' || url?.split('?')[0] !== path || (method !== 'GET' && method !== 'HEAD'))
      return false
    if (ask()) answerText(response, 200, 'ok')
    else answerText(response, 503, 'not ready')
    return true
  }
}
