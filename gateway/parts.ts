/**
 * The parts of a gateway, put together: the core (core.ts), the sockets, the ports and the parts for the host
 * program.
 */
import type { Bus } from './cluster/bus/bus.js'
import type { Cluster } from './cluster/cluster.js'
import { Connections } from './connections/connections.js'
import { Core } from './core.js'
import { Development } from './development/development.js'
import type { Gateway } from './gateway.js'
import { showGauges } from './gauges.js'
import { HostEvents } from './host/host-events.js'
import { HostHooks } from './host/host-hooks.js'
import { HostOperations } from './host/host-operations.js'
import { SessionService } from './host/session-service.js'
import type { Listener } from './http/listener.js'
import { Intake } from './intake/intake.js'
import { LoadLimits } from './intake/load-limits.js'
import { createStartTransport } from './isolation/start-transport.js'
import { SharedBudget } from './limits/shared-budget.js'
import { createInternalPort, createListener, type InternalPort } from './ports.js'
import { refreshTypesFile } from './project/types-file.js'
import { reloadHandlers } from './reloads.js'
import { Resumption } from './resume/resumption.js'
import { Authentication } from './sessions/authentication.js'
import { Registry } from './sessions/registry.js'
import type { Metrics } from './telemetry/metrics.js'
import type { DebugLines } from './tracing/debug-lines.js'
import { Watchers } from './tracing/watchers.js'

export interface GatewayParts {
  readonly core: Core
  readonly sessions: SessionService
  readonly events: HostEvents
  readonly intake: Intake
  readonly connections: Connections
  readonly resumption: Resumption
  readonly listener: Listener
  readonly internal: InternalPort
  readonly hostHooks: HostHooks
  readonly debugLines: DebugLines | undefined
  /** undefined: not in development mode. */
  readonly development: Development | undefined
  /** undefined: the gateway is alone, or has not joined its cluster yet. */
  cluster: Cluster | undefined
}

/** What a gateway is given beside its options, by tests and by the program. */
export interface GivenParts {
  /** The bus of its cluster, in place of NATS. */
  readonly bus?: Bus | undefined
  /** Whether development mode keeps the file with the types of the routes fresh. Default: false. */
  readonly refreshesTypes?: boolean
}

/** Creates the parts of a gateway, which has its options already. Nothing is started. */
export function createParts(gateway: Gateway, metrics: Metrics, given: GivenParts): GatewayParts {
  const { options } = gateway
  const development: Development | undefined = options.dev
    ? new Development({
        options,
        steps: () => core.pool.steps,
        reload: changed => reloadHandlers(gateway, changed)
      })
    : undefined
  if (given.refreshesTypes === true) development?.onLoaded.push(() => refreshTypesFile(options))
  const startTransport = createStartTransport(options, metrics)
  const { log, monotonic, frontendId, requestTimeout, maxBodyBytes } = options
  const registry = new Registry({ ...options, metrics })
  const watchers = new Watchers(options)
  const core: Core = new Core({
    options,
    watchers: watchers.all,
    requestWatchers: watchers.requests,
    metrics,
    registry,
    startTransport: development?.follow(startTransport) ?? startTransport
  })
  watchers.follow(registry)
  const { channels, routes, suspensions, dispatcher, requests, queue } = core
  const operations = new HostOperations(core.targets)
  const sessions = new SessionService({
    registry,
    limits: options,
    metrics,
    log,
    operations,
    frontendId
  })
  const events = new HostEvents({ frontendId, registry, channels, sessions, metrics, operations })
  const intake = new Intake({
    watchers: watchers.all,
    routes,
    suspensions,
    loadLimits: new LoadLimits({ limits: options, requests, queue }),
    onFlood: session => registry.endFlooded(session),
    dispatcher,
    metrics,
    requestTimeout,
    maxBodyBytes,
    log,
    monotonic
  })
  const resumption = new Resumption({ ...options, registry, metrics })
  const connections: Connections = new Connections({
    watchers: watchers.all,
    options,
    authentication: new Authentication({ ...options, metrics }),
    registry,
    routes,
    intake,
    timeLimits: core.timeLimits,
    metrics,
    budget: new SharedBudget(options.maxSendBytesInAll, () => connections.size),
    resumption
  })
  const listener = createListener(gateway, metrics, connections.open.bind(connections))
  const internal = createInternalPort(gateway, {
    core,
    metrics,
    listener,
    others: () => parts.cluster?.others
  })
  showGauges(metrics, { listener, connections, core, resumption, monotonic })
  const hostHooks = new HostHooks(options)
  const { debugLines } = watchers
  const parts: GatewayParts = {
    core,
    sessions,
    events,
    intake,
    connections,
    resumption,
    listener,
    internal,
    hostHooks,
    debugLines,
    development,
    cluster: undefined
  }
  return parts
}

/**
 * Joins the cluster, if there is one: before workers are started, which reach the other gateways, and before
 * clients come, whose sessions are numbered for all. Without a cluster, nothing of it is loaded.
 */
export async function joinCluster(
  { options }: Gateway,
  { core, connections, resumption }: GatewayParts,
  { bus }: GivenParts,
  signal: AbortSignal
): Promise<Cluster | undefined> {
  if (options.nats === 'none' && bus === undefined) return undefined
  const { createCluster } = await import('./cluster/create-cluster.js')
  return createCluster({
    options,
    targets: core.targets,
    parts: { core, resumption },
    bus,
    signal,
    readLoad: () => ({
      connections: connections.size,
      sessions: core.registry.size,
      queueDelay: Math.round(core.queue.longestWait(options.monotonic()))
    })
  })
}
