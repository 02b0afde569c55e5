/**
 * The metrics of a gateway: counters that only go up, and gauges that are read on demand.
 *
 * A counter is counted where the event happens. A gauge is read from its owner whenever the metrics are read.
 * A test compares the names with `docs/reference/metrics.md`.
 */

import { type Delivery, deliveries } from '../../shared/events/event.js'

const counterNames = [
  'socketsRefused',
  'socketsDisplaced',
  'socketsUnfinished',
  'acceptErrors',
  'connectionsOpened',
  'connectionsRefused',
  'connectionsLimited',
  'connectionsAtDrain',
  'handshakesMalformed',
  'authenticationsRefused',
  'authenticationsFailed',
  'connectionsClosed',
  'connectionsClosedSlow',
  'connectionsClosedSilent',
  'connectionsClosedUnfinished',
  'connectionsFlooded',
  'framesMalformed',
  'sessionsOpened',
  'sessionsClosed',
  'sessionsKicked',
  'sessionsDetached',
  'detachedSessionsEvicted',
  'sessionsResumed',
  'resumesFailed',
  'requests',
  'notifies',
  'replies',
  'errors',
  'requestsRateLimited',
  'requestsOverloaded',
  'bodiesTooLarge',
  'requestsUnknown',
  'requestsSuspended',
  'requestsClosing',
  'sessionsFlooded',
  'timeouts',
  'handlersGivenUp',
  'pushes',
  'operations',
  'operationsRefused',
  'conflicts',
  'eventsSent',
  'eventsLatest',
  'eventsVolatile',
  'eventsDropped',
  'eventsReplaced',
  'batches',
  'requestsTakenBack',
  'socketsPaused',
  'workersStarted',
  'workersLost',
  'workersStuck',
  'workersMute',
  'workersOutOfMemory',
  'workersRetired',
  'workersReloaded',
  'routesSuspended',
  'logLinesDropped',
  'logErrors',
  'relayed',
  'relayedFailed',
  'served',
  'clusterBatches',
  'clusterBytes',
  'clusterResent',
  'clusterGaps',
  'clusterEventsLost',
  'claimsWon',
  'claimsLost',
  'claimsAsked',
  'leasesLost',
  'sessionsMovedOut',
  'sessionsMovedIn',
  'movesUnordered',
  'sessionsParked',
  'sessionsRestored',
  'sessionsNotKept',
  'handoversFailed'
] as const

export const gaugeNames = [
  'sockets',
  'socketsLimit',
  'connections',
  'sessions',
  'detachedSessions',
  'detachedBytes',
  'users',
  'channels',
  'workersReady',
  'reloadFailed',
  'requestsWaiting',
  'requestsRunning',
  'handlersHanging',
  'queueDelay',
  'turns',
  'sendBytesWaiting',
  'backlogBytes',
  'clusterUp',
  'clusterPeers',
  'clusterWaiting',
  'clusterQueueBytes',
  'clusterLag',
  'interestNames',
  'claimsHeld',
  'leaseLeft',
  'sessionsInTransit'
] as const

export type CounterName = (typeof counterNames)[number]
export type GaugeName = (typeof gaugeNames)[number]
export type MetricName = CounterName | GaugeName

export const metricNames: readonly MetricName[] = [...counterNames, ...gaugeNames]

export class Metrics {
  readonly #counters: Record<CounterName, number>
  readonly #gauges = new Map<GaugeName, () => number>()

  constructor() {
    const counters: Partial<Record<CounterName, number>> = {}
    for (const name of counterNames) counters[name] = 0
    this.#counters = counters as Record<CounterName, number>
  }

  count(name: CounterName, by = 1): void {
    this.#counters[name] += by
  }

  /** Counts an event that was given to `receivers` connections. */
  countEvent(delivery: Delivery, receivers: number): void {
    this.count('eventsSent', receivers)
    if (delivery === deliveries.latest) this.count('eventsLatest', receivers)
    else if (delivery === deliveries.volatile) this.count('eventsVolatile', receivers)
  }

  /** Registers the function that reads a gauge. */
  gauge(name: GaugeName, read: () => number): void {
    this.#gauges.set(name, read)
  }

  /** Whether a gauge has a function that reads it. Those of a cluster have none in a gateway alone. */
  hasGauge(name: GaugeName): boolean {
    return this.#gauges.has(name)
  }

  /** Returns all present values, by name. */
  read(): Record<MetricName, number> {
    const values: Partial<Record<MetricName, number>> = { ...this.#counters }
    for (const name of gaugeNames) values[name] = this.#gauges.get(name)?.() ?? 0
    return values as Record<MetricName, number>
  }
}
