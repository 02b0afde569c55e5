/** The overview of the console: counters, gauges, times, memory. Measures only while somebody asks. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { gaugeNames, type Metrics } from '../telemetry/metrics.js'
import type { ClusterDetail } from './api/cluster-answers.js'
import type { Overview } from './api/console-api.js'

/** Milliseconds without a call after which the delay of the event loop is not measured any more. */
const quietAfter = 30_000

/** Nanoseconds in a second. */
const nano = 1e9

/** Milliseconds between two measurements of the delay. */
const resolution = 20

const gauges = new Set<string>(gaugeNames)

/** Splits the metrics into counters and gauges. */
export function splitMetrics(metrics: Metrics): Pick<Overview, 'counters' | 'gauges'> {
  const all = Object.entries(metrics.read())
  return {
    counters: Object.fromEntries(all.filter(([name]) => !gauges.has(name))),
    gauges: Object.fromEntries(all.filter(([name]) => gauges.has(name)))
  }
}

/** Returns what the overview has of the cluster. */
export function summarize(cluster: ClusterDetail | undefined): Overview['cluster'] {
  if (cluster === undefined) return null
  const { name, state, members, links } = cluster
  return {
    name,
    state,
    members: members.map(({ frontendId, state }) => ({ frontendId, state })),
    lag: Math.max(0, ...links.map(({ lag }) => lag)),
    full: links.filter(({ room }) => !room).map(({ frontendId }) => frontendId)
  }
}

/** Measures how late the event loop is, from the first call until nobody calls any more. */
export class EventLoopDelay {
  #histogram: IntervalHistogram | undefined
  #timer: NodeJS.Timeout | undefined

  /** Returns the delays since the last call, in seconds. */
  read(): Overview['eventLoopDelay'] {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.close(), quietAfter).unref()
    const histogram = this.#histogram
    if (histogram === undefined || histogram.count === 0) {
      this.#histogram ??= monitorEventLoopDelay({ resolution })
      this.#histogram.enable()
      return { p50: 0, p99: 0, max: 0 }
    }
    // The histogram counts the time between two measurements, and so the planned one too.
    const delay = (ns: number) => Math.max(0, ns / nano - resolution / 1_000)
    const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)]
    const delays = { p50: delay(p50), p99: delay(p99), max: delay(histogram.max) }
    histogram.reset()
    return delays
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#histogram?.disable()
    this.#histogram = undefined
  }
}

/** Returns the memory of the process, and the seconds of CPU that it has used. */
export function readProcess(): Pick<Overview, 'memory' | 'cpu'> {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { memory: { rss, heapUsed, heapTotal, external }, cpu: (user + system) / 1e6 }
}
