/** The list of a folder's routes, read in one worker: no port is opened, and no game is started. */
import type { HandlerSchemas, RouteOptions } from '../shared/link/route-options.js'
import { Core } from './core.js'
import { Development } from './development/development.js'
import { createStartTransport } from './isolation/start-transport.js'
import { resolveOptions } from './options/resolve-options.js'
import { Registry } from './sessions/registry.js'
import type { Config } from './start.js'
import { Metrics } from './telemetry/metrics.js'

/** A route, with what its handler and the folders around it declare. */
export interface ListedRoute {
  readonly route: string
  /** The file that offers it, relative to the handlers' folder. */
  readonly file: string
  readonly options: RouteOptions
  readonly schema: HandlerSchemas
}

export interface RouteList {
  /** Absolute path of the handlers' folder. */
  readonly handlers: string
  /** Sorted by route. */
  readonly routes: readonly ListedRoute[]
}

/**
 * Loads the handlers and returns their routes. `onStart` does not run. What the handlers print goes to
 * stderr.
 *
 * @param dev whether TypeScript is loaded as development mode loads it. Default: true
 * @throws `OPTION_INVALID`, `HANDLERS_INVALID`, `WORKER_NOT_STARTED`
 */
export async function listRoutes(given: Config, dev = true): Promise<RouteList> {
  const metrics = new Metrics()
  const options = resolveOptions({ ...given, workers: 1, isolation: 'thread', dev }, metrics)
  const { handlers, log } = options
  // Watches nothing.
  const development = new Development({ options, steps: () => core.pool.steps, reload: async () => {} })
  const core: Core = new Core({
    options: { ...options, isListing: true },
    metrics,
    registry: new Registry({ ...options, metrics }),
    startTransport: development.follow(createStartTransport(options, metrics, process.stderr))
  })
  try {
    await development.load(() => core.pool.start())
    const routes = core.routes.offered.map(({ name, file, options, schemas }) => ({
      route: name,
      file,
      options,
      schema: schemas ?? { body: false, reply: false }
    }))
    return { handlers, routes }
  } finally {
    development.close()
    core.dispatcher.close()
    core.watchdog.close()
    await core.pool.close()
    log.close()
  }
}
