/** Overviews of a console, for tests of those who read them. */
import type { Overview } from '../../gateway/console/api/console-api.js'

export interface OverviewFigures {
  readonly requests: number
  /** Requests that waited up to 1 ms, up to 10 ms, and longer. */
  readonly counts: readonly number[]
  /** Seconds for which the worker, and the process, were busy. */
  readonly active: number
}

/** Returns the overview of a gateway that has run for so many seconds. */
export function overviewAt(uptime: number, { requests, counts, active }: OverviewFigures): Overview {
  const histogram = { bounds: [0.001, 0.01], counts, sum: 1, count: counts.reduce((a, b) => a + b, 0) }
  return {
    at: uptime * 1_000,
    uptime,
    frontendId: 'test-1',
    version: '1.2.3',
    ready: true,
    counters: { requests },
    gauges: { sessions: 3, connections: 2, detachedSessions: 1 },
    histograms: { queue: histogram, run: histogram },
    eventLoopDelay: { p50: 0.001, p99: 0.002, max: 0.003 },
    memory: { rss: 1_048_576, heapUsed: 1_024, heapTotal: 2_048, external: 0 },
    cpu: active,
    workers: [
      { index: 0, state: 'up', busy: { active, total: uptime }, requests: 0, givenUp: 0, restarts: 0 }
    ],
    cluster: null,
    diagnosis: []
  }
}
