/**
 * The parts of a gateway, put together: the core (core.ts), the sockets, the ports and the parts for the host
 * program.
 */
import { Connections } from './connections/connections.js'
import { Core } from './core.js'
import { Development } from './development/development.js'
import type { Gateway } from './gateway.js'
import { showGauges } from './gauges.js'
import { HostEvents } from './host/host-events.js'
import { HostHooks } from './host/host-hooks.js'
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
}

/** Creates the parts of a gateway, which has its options already. Nothing is started. */
export function createParts(gateway: Gateway, metrics: Metrics): GatewayParts {
  const { options } = gateway
  const development = options.dev
    ? new Development({ options, reload: changed => reloadHandlers(gateway, changed) })
    : undefined
  development?.onLoaded.push(() => refreshTypesFile(options))
  const startTransport = createStartTransport(options, metrics)
  const { log, monotonic, frontendId, requestTimeout, maxBodyBytes } = options
  const registry = new Registry({ ...options, metrics })
  const sessions = new SessionService(registry, options, log)
  const watchers = new Watchers(options)
  const core = new Core({
    options,
    watchers: watchers.all,
    requestWatchers: watchers.requests,
    metrics,
    registry,
    startTransport: development?.follow(startTransport) ?? startTransport
  })
  watchers.follow(registry)
  const { channels, routes, suspensions, dispatcher, requests, queue } = core
  const events = new HostEvents({ frontendId, registry, channels, sessions, metrics })
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
    log
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
  const internal = createInternalPort(gateway, { core, metrics, listener })
  showGauges(metrics, { listener, connections, core, resumption, monotonic })
  const hostHooks = new HostHooks(options)
  const { debugLines } = watchers
  return {
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
    development
  }
}
