/** The route `/metrics` of the internal port. */
import type { InternalRoute } from '../internal/internal-server.js'
import type { Sources } from './definition.js'
import type { Exposition } from './prometheus.js'

/** Returns the route. prom-client is loaded by the first request, so that a start does not wait for it. */
export function createMetricsRoute(readSources: () => Sources): InternalRoute {
  let loaded: Promise<Exposition> | undefined
  return {
    method: 'GET',
    path: '/metrics',
    handle: async (_request, response) => {
      loaded ??= import('./prometheus.js').then(
        module => new module.Exposition(readSources),
        error => {
          // Such as with too many open files: the next request tries again.
          loaded = undefined
          throw error
        }
      )
      const exposition = await loaded
      const text = await exposition.write()
      response.writeHead(200, { 'content-type': exposition.contentType }).end(text)
    }
  }
}
