/**
 * The two ports of a gateway: the public one for players, and the internal one for operators. Also collects
 * the condition of the gateway, from which the diagnosis is written.
 */

import { randomBytes } from 'node:crypto'
import { howToTurnOn } from './console/api/console-api.js'
import { consolePath, listOffRoutes } from './console/api-calls.js'
import { Console } from './console/console.js'
import type { OtherGateways } from './console/other-gateways.js'
import { createPageFiles } from './console/page-files.js'
import type { Core } from './core.js'
import type { Gateway } from './gateway.js'
import { serveStartPage } from './host/start-page.js'
import { Listener, type ListenerInit } from './http/listener.js'
import { UpgradePolicy } from './http/upgrade-policy.js'
import type { ConsolePlace } from './internal/console-place.js'
import type { Condition } from './internal/diagnosis.js'
import { createPublicHealth, listHealthRoutes } from './internal/health.js'
import { InternalServer } from './internal/internal-server.js'
import { createMetricsRoute } from './metrics/metrics-route.js'
import { OwnFigures } from './metrics/own-figures.js'
import { acceptAll } from './options/options.js'
import type { GatewayParts } from './parts.js'
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
    upgradePolicy: new UpgradePolicy({ ...options, limits: options }),
    onSocket
  })
}

/** The internal port, with all that answers there. */
export interface InternalPort {
  /** The URL; undefined while it is not open. */
  readonly url: string | undefined
  /** undefined: the console is off, or the port is not open. */
  readonly console: ConsolePlace | undefined
  listen(): Promise<void>
  close(): void
}

export interface InternalPortInit {
  readonly core: Core
  readonly metrics: Metrics
  readonly listener: Listener
  /** Returns the other gateways of the cluster; undefined without a cluster. */
  readonly others: () => OtherGateways | undefined
}

/** Creates the internal port, with the routes of all parts. */
export function createInternalPort(
  gateway: Gateway,
  { core, metrics, listener, others }: InternalPortInit
): InternalPort {
  const server = new InternalServer(gateway.options)
  server.add(listHealthRoutes(() => gateway.diagnose()))
  const added = addForOperators(server, gateway, { core, metrics, others })
  return {
    get url() {
      return server.url
    },
    get console() {
      const { url } = server
      return added && url ? { url: `${url}${consolePath}`, token: added.ownToken } : undefined
    },
    listen: async () => {
      await server.listen()
      const { url } = server
      if (added === undefined || url === undefined) return
      // For the console's playground, whose page connects as a player.
      listener.allowOrigin(url)
      listener.allowOrigin(url.replace('//127.0.0.1:', '//localhost:'))
    },
    close: () => server.close()
  }
}

/** The parts that metrics and console show. */
type Shown = Omit<InternalPortInit, 'listener'> & { readonly figures: OwnFigures }

/** Adds the metrics and the console to the internal port. Returns the console, if it is on. */
function addForOperators(server: InternalServer, gateway: Gateway, parts: Omit<Shown, 'figures'>) {
  if (gateway.options.internalPort === 'off') return undefined
  const figures = new OwnFigures()
  server.onClose(() => figures.close())
  addMetrics(server, gateway, { ...parts, figures })
  return addConsole(server, gateway, { ...parts, figures })
}

/** Adds the metrics to the internal port. */
function addMetrics(server: InternalServer, gateway: Gateway, { core, metrics, figures }: Shown): void {
  const { options } = gateway
  const createdAt = options.monotonic()
  const route = createMetricsRoute(() => ({
    version,
    frontendId: options.frontendId,
    uptime: (options.monotonic() - createdAt) / 1000,
    values: gateway.metrics(),
    routes: [...core.routes.offered, ...core.hooks.offered],
    batchSizes: core.dispatcher.batchSizes,
    gateway: figures.latest,
    workers: core.pool.up,
    hasWorkerProcesses: options.isolation === 'process',
    isReady: gateway.isReady,
    isInCluster: metrics.hasGauge('clusterUp')
  }))
  server.add([route])
}

/**
 * Adds the console to the internal port. Without a token one is made for this start, which the program
 * prints. In production that would be overlooked too easily, so that the console is off there then.
 */
function addConsole(server: InternalServer, gateway: Gateway, { core, metrics, others, figures }: Shown) {
  const { options } = gateway
  if (options.consoleToken === '' && options.isProduction) {
    server.add(listOffRoutes())
    options.log.info(howToTurnOn)
    return undefined
  }
  const ownToken = options.consoleToken === '' ? randomBytes(18).toString('base64url') : undefined
  const console = new Console({
    ...options,
    ...core,
    token: ownToken ?? options.consoleToken,
    readOnly: options.consoleReadOnly,
    version,
    limits: options,
    metrics,
    readDelay: () => {
      const { delayP50, delayP99, delayMax } = figures.latest
      return { p50: delayP50, p99: delayP99, max: delayMax }
    },
    page: createPageFiles(),
    diagnose: () => gateway.diagnose(),
    others,
    url: () => gateway.url,
    readLog: query => options.log.ring.read(query)
  })
  core.watchers.push(console.workers)
  server.add(console.addresses)
  return { console, ownToken }
}

/** Returns the condition of a gateway in this phase. */
export function readCondition(
  gateway: Gateway,
  phase: Condition['phase'],
  parts: Pick<GatewayParts, 'core' | 'listener' | 'cluster'> & Pick<Condition, 'reloadFailed'>
): Condition {
  const { core, listener, cluster, reloadFailed } = parts
  const { maxOpenRequests, maxOpenBytes, workers, monotonic, clusterReady } = gateway.options
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
    sockets: { open: listener.lastingSocketCount, most: listener.limit.most, by: listener.limit.by },
    reloadFailed,
    suspendedRoutes: suspensions.list(),
    hangingHandlers: pool.alive.reduce((sum, { load }) => sum + load.givenUp.size, 0),
    isInspected: timeLimits.areOff,
    clusterTrouble: cluster?.trouble,
    needsCluster: clusterReady === 'strict'
  }
}
