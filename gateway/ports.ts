/**
 * The two ports of a gateway: the public one for players, and the internal one for operators. Also collects
 * the condition of the gateway, from which the diagnosis is written.
 */
import type { Core } from './core.js'
import type { Gateway } from './gateway.js'
import { serveStartPage } from './host/start-page.js'
import { Listener, type ListenerInit } from './http/listener.js'
import { UpgradePolicy } from './http/upgrade-policy.js'
import type { Condition } from './internal/diagnosis.js'
import { createPublicHealth, listHealthRoutes } from './internal/health.js'
import { InternalServer } from './internal/internal-server.js'
import { createMetricsRoute } from './metrics/metrics-route.js'
import { OwnFigures } from './metrics/own-figures.js'
import { acceptAll } from './options/options.js'
import type { Metrics } from './telemetry/metrics.js'
import { version } from './telemetry/version.js'

/** Creates the server of the public port. */
export function createListener(
  gateway: Gateway,
  metrics: Metrics,
  onSocket: ListenerInit['onSocket']
): Listener {
  const { options } = gateway
  const serve = serveStartPage({
    name: options.frontendId,
    decidesWhoConnects: options.authenticate !== undefined || options.onHandshake !== acceptAll,
    isDevelopment: options.dev,
    listRoutes: () => gateway.routes.map(({ route }) => route)
  })
  return new Listener({
    ...options,
    onHttpRequest: options.startPage === 'on' ? serve : options.onHttpRequest,
    answerHealth: createPublicHealth(options.healthPath, () => gateway.isReady),
    metrics,
    upgradePolicy: new UpgradePolicy({ ...options, limits: options, metrics }),
    onSocket
  })
}

/** Creates the server of the internal port, with the routes of all parts. */
export function createInternalServer(gateway: Gateway, core: Core): InternalServer {
  const { options } = gateway
  const server = new InternalServer(options)
  if (options.internalPort === 'off') return server
  server.add(listHealthRoutes(() => gateway.diagnose()))
  const figures = new OwnFigures()
  server.onClose(() => figures.close())
  const createdAt = options.monotonic()
  const metrics = createMetricsRoute(() => ({
    version,
    frontendId: options.frontendId,
    uptime: (options.monotonic() - createdAt) / 1000,
    values: gateway.metrics(),
    routes: [...core.routes.offered, ...core.hooks.offered],
    batchSizes: core.dispatcher.batchSizes,
    gateway: figures.latest,
    workers: core.pool.up,
    hasWorkerProcesses: options.isolation === 'process',
    isReady: gateway.isReady
  }))
  server.add([metrics])
  return server
}

/** Returns the condition of a gateway in this phase. */
export function readCondition(
  gateway: Gateway,
  phase: Condition['phase'],
  { core, listener }: { readonly core: Core; readonly listener: Listener }
): Condition {
  const { maxOpenRequests, maxOpenBytes, maxConnections, workers, monotonic } = gateway.options
  const { pool, watchdog, requests, queue, suspensions, timeLimits } = core
  const now = monotonic()
  const isBehind = queue.isOverloaded(now)
  return {
    phase,
    workers: { places: workers, up: pool.up.length, working: watchdog.readyWorkers.length },
    overload:
      requests.undecided >= maxOpenRequests
        ? 'maxOpenRequests'
        : requests.bytes >= maxOpenBytes
          ? 'maxOpenBytes'
          : isBehind
            ? 'maxQueueDelay'
            : undefined,
    queueDelay: Math.round(queue.longestWait(now)),
    sockets: { open: listener.socketCount, most: maxConnections },
    suspendedRoutes: suspensions.list(),
    hangingHandlers: pool.alive.reduce((sum, { load }) => sum + load.givenUp.size, 0),
    isInspected: timeLimits.areOff
  }
}
