/** Where each gauge of the metrics is read from. */

import type { Connections } from './connections/connections.js'
import type { Dispatcher } from './dispatch/dispatcher.js'
import type { OpenRequests } from './dispatch/open-requests.js'
import type { Listener } from './http/listener.js'
import type { Pool } from './pool/pool.js'
import type { Resumption } from './resume/resumption.js'
import type { Channels } from './sessions/channels.js'
import type { Registry } from './sessions/registry.js'
import type { Metrics } from './telemetry/metrics.js'

/** What is looked at. */
export interface GaugedParts {
  readonly listener: Listener
  readonly connections: Connections
  readonly registry: Registry
  readonly channels: Channels
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly dispatcher: Dispatcher
  readonly resumption: Resumption
  readonly monotonic: () => number
}

export function showGauges(metrics: Metrics, parts: GaugedParts): void {
  const { listener, connections, registry, channels, pool, requests, dispatcher, resumption, monotonic } =
    parts
  metrics.gauge('sockets', () => listener.socketCount)
  metrics.gauge('connections', () => connections.size)
  metrics.gauge('sessions', () => registry.size)
  metrics.gauge('users', () => registry.userCount)
  metrics.gauge('channels', () => channels.size)
  metrics.gauge('workersReady', () => pool.up.length)
  metrics.gauge('requestsWaiting', () => requests.waiting)
  metrics.gauge('requestsRunning', () => requests.running)
  metrics.gauge('handlersHanging', () => pool.alive.reduce((sum, { load }) => sum + load.givenUp.size, 0))
  metrics.gauge('queueDelay', () => Math.round(dispatcher.queueDelay(monotonic())))
  metrics.gauge('turns', () => pool.up.reduce((turns, worker) => turns + worker.turns.size, 0))
  metrics.gauge('detachedSessions', () => resumption.awayCount)
  metrics.gauge('detachedBytes', () => resumption.awayBytes)
  metrics.gauge('backlogBytes', () => resumption.backlogBytes)
  metrics.gauge('sendBytesWaiting', () => connections.sendBytesWaiting)
}
