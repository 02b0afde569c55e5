/** The overview of the console: counters, gauges, times, memory. */
import { gaugeNames, type Metrics } from '../telemetry/metrics.js'
import type { ClusterDetail } from './api/cluster-answers.js'
import type { Overview } from './api/console-api.js'

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

/** Returns the memory of the process, and the seconds of CPU that it has used. */
export function readProcess(): Pick<Overview, 'memory' | 'cpu'> {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { memory: { rss, heapUsed, heapTotal, external }, cpu: (user + system) / 1e6 }
}
