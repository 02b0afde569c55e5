/** Registers the gauges of the metrics, each with the part of the gateway that it reads. */

import type { Connections } from './connections/connections.js'
import type { Core } from './core.js'
import type { Listener } from './http/listener.js'
import type { Resumption } from './resume/resumption.js'
import type { Metrics } from './telemetry/metrics.js'

/** The parts whose state the gauges show. */
export interface GaugedParts {
  readonly listener: Listener
  readonly connections: Connections
  readonly core: Core
  readonly resumption: Resumption
  readonly monotonic: () => number
}

export function showGauges(metrics: Metrics, parts: GaugedParts): void {
  const { listener, connections, core, resumption, monotonic } = parts
  showCoreGauges(metrics, core, monotonic)
  metrics.gauge('sockets', () => listener.socketCount)
  metrics.gauge('socketsLimit', () =>
    listener.limit.most === Number.POSITIVE_INFINITY ? 0 : listener.limit.most
  )
  metrics.gauge('connections', () => connections.size)
  metrics.gauge('detachedSessions', () => resumption.awayCount)
  metrics.gauge('detachedBytes', () => resumption.awayBytes)
  metrics.gauge('backlogBytes', () => resumption.backlogBytes)
  metrics.gauge('sendBytesWaiting', () => connections.sendBytesWaiting)
}

/** Registers the gauges of the sessions, their requests and the workers. */
export function showCoreGauges(metrics: Metrics, core: Core, monotonic: () => number): void {
  const { registry, channels, pool, requests, queue } = core
  metrics.gauge('sessions', () => registry.size)
  metrics.gauge('users', () => registry.users.size)
  metrics.gauge('channels', () => channels.size)
  metrics.gauge('workersReady', () => pool.up.length)
  metrics.gauge('requestsWaiting', () => requests.waiting)
  metrics.gauge('requestsRunning', () => requests.running)
  metrics.gauge('handlersHanging', () => pool.alive.reduce((sum, { load }) => sum + load.givenUp.size, 0))
  metrics.gauge('queueDelay', () => Math.round(queue.longestWait(monotonic())))
  metrics.gauge('turns', () => pool.alive.reduce((turns, worker) => turns + worker.turns.size, 0))
}
