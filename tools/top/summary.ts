/** The summary of a gateway between two overviews: rates, percentiles and shares, from their differences. */
import type { Histogram, Overview, WorkerSummary } from '../../gateway/console/api/console-api.js'

export interface Summary {
  readonly at: number
  readonly frontendId: string
  readonly version: string
  /** Seconds. */
  readonly uptime: number
  readonly ready: boolean
  readonly connections: number
  readonly sessions: number
  readonly detachedSessions: number
  readonly waiting: number
  readonly running: number
  /** Events in a second; null where there is no earlier overview to compare with. */
  readonly rates: Readonly<Record<RateName, number | null>>
  /** Milliseconds; null: there was no request. */
  readonly queue: Percentiles
  readonly run: Percentiles
  /** Milliseconds. */
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Bytes. */
  readonly memory: Overview['memory']
  /** CPU seconds in a second: 1 is a whole core. */
  readonly cpu: number | null
  readonly workers: readonly WorkerLine[]
  /** null: the gateway is alone. */
  readonly cluster: Overview['cluster']
  readonly diagnosis: Overview['diagnosis']
}

export interface Percentiles {
  readonly p50: number | null
  readonly p99: number | null
}

export interface WorkerLine {
  readonly index: number
  readonly state: string
  /** From 0 to 1. */
  readonly busy: number | null
  readonly requests: number
  readonly restarts: number
  readonly givenUp: number
}

/** The counters whose rates are shown. */
const rateNames = ['requests', 'notifies', 'replies', 'errors', 'eventsSent', 'connectionsOpened'] as const

export type RateName = (typeof rateNames)[number]

/** Returns the summary. Without `before`, rates are unknown, and percentiles are those since the start. */
export function summarize(now: Overview, before: Overview | undefined): Summary {
  // A gateway that was started anew counts from 0.
  const last = before !== undefined && before.uptime <= now.uptime ? before : undefined
  const seconds = last === undefined ? Number.NaN : now.uptime - last.uptime
  const rateOf = (read: (overview: Overview) => number): number | null =>
    seconds > 0 ? (read(now) - read(last!)) / seconds : null
  const gauge = (name: string) => now.gauges[name] ?? 0
  const { p50, p99, max } = now.eventLoopDelay
  return {
    at: now.at,
    frontendId: now.frontendId,
    version: now.version,
    uptime: now.uptime,
    ready: now.ready,
    connections: gauge('connections'),
    sessions: gauge('sessions'),
    detachedSessions: gauge('detachedSessions'),
    waiting: gauge('requestsWaiting'),
    running: gauge('requestsRunning'),
    rates: Object.fromEntries(
      rateNames.map(name => [name, rateOf(({ counters }) => counters[name] ?? 0)])
    ) as Record<RateName, number | null>,
    queue: percentilesOf(now.histograms.queue, last?.histograms.queue),
    run: percentilesOf(now.histograms.run, last?.histograms.run),
    eventLoopDelay: { p50: p50 * 1_000, p99: p99 * 1_000, max: max * 1_000 },
    memory: now.memory,
    cpu: rateOf(({ cpu }) => cpu),
    workers: now.workers.map(worker => lineOf(worker, last)),
    // A gateway of an older version knows of no cluster.
    cluster: now.cluster ?? null,
    diagnosis: now.diagnosis
  }
}

function percentilesOf(now: Histogram, before: Histogram | undefined): Percentiles {
  const counts = now.counts.map((count, i) => count - (before?.counts[i] ?? 0))
  return { p50: percentileOf(counts, now.bounds, 0.5), p99: percentileOf(counts, now.bounds, 0.99) }
}

/**
 * Returns a percentile in milliseconds, evenly spread within its bucket; of the last bucket, its lower bound.
 */
function percentileOf(counts: readonly number[], bounds: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total <= 0) return null
  let left = total * share
  for (const [i, count] of counts.entries()) {
    const [low, high] = [bounds[i - 1] ?? 0, bounds[i] ?? bounds.at(-1)!]
    if (left <= count) return (low + ((high - low) * left) / Math.max(count, 1)) * 1_000
    left -= count
  }
  return bounds.at(-1)! * 1_000
}

function lineOf(
  { index, state, busy, requests, restarts, givenUp }: WorkerSummary,
  last: Overview | undefined
) {
  // While a worker retires, its place has two.
  const isRetiring = (worker: { readonly state: string }) => worker.state === 'retiring'
  const old = last?.workers.find(each => each.index === index && isRetiring(each) === isRetiring({ state }))
  // A replacement counts from 0.
  const isSame = old?.busy != null && busy != null && old.restarts === restarts && old.busy.total < busy.total
  const total = busy === null ? 0 : busy.total - (isSame ? old.busy!.total : 0)
  const active = busy === null ? 0 : busy.active - (isSame ? old.busy!.active : 0)
  return { index, state, busy: total > 0 ? active / total : null, requests, restarts, givenUp }
}
