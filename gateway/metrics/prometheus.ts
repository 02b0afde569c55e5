/**
 * Writes the metrics in the text form of Prometheus, by prom-client; the only file that imports it.
 *
 * Values are kept by the parts of the gateway. They are turned into the form of prom-client at a scrape, so
 * that a gateway that nobody scrapes does nothing for it.
 */
import { type Metric, Registry } from 'prom-client'
import { clusterMetrics } from './cluster-metrics.js'
import { connectionMetrics } from './connection-metrics.js'
import type { Definition, HistogramDefinition, Labels, Sources } from './definition.js'
import { requestMetrics } from './request-metrics.js'
import { workerMetrics } from './worker-metrics.js'

/** All metrics, in the order in which they are written. */
export const definitions: readonly Definition[] = [
  ...connectionMetrics,
  ...requestMetrics,
  ...workerMetrics,
  ...clusterMetrics
]

/** One value, as prom-client formats it. */
interface Value {
  readonly labels: Labels | Readonly<Record<string, string | number>>
  readonly value: number
  /** The name with its suffix, of histograms. */
  readonly metricName?: string
}

export class Exposition {
  readonly #registry = new Registry()
  /** Has the metrics that only a gateway in a cluster writes. */
  readonly #clusterRegistry = new Registry()
  readonly #readSources: () => Sources
  /** The sources of the scrape in progress: all metrics of one answer are of one moment. */
  #sources: Sources | undefined
  /** The scrape in progress. Scrapes at the same time share it. */
  #running: Promise<string> | undefined

  constructor(readSources: () => Sources) {
    this.#readSources = readSources
    for (const definition of definitions) {
      const { name, help, type } = definition
      const values = () => valuesOf(definition, this.#sources!)
      const metric = {
        name,
        help,
        type,
        aggregator: 'sum',
        get: async () => ({ name, help, type, values: values() })
      }
      // The registry needs no more of a metric than these members.
      const registry = clusterMetrics.includes(definition) ? this.#clusterRegistry : this.#registry
      registry.registerMetric(metric as unknown as Metric)
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Returns all metrics as text. */
  write(): Promise<string> {
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #write(): Promise<string> {
    this.#sources = this.#readSources()
    const own = await this.#registry.metrics()
    return this.#sources.isInCluster ? own + (await this.#clusterRegistry.metrics()) : own
  }
}

function valuesOf(definition: Definition, sources: Sources): readonly Value[] {
  return definition.type === 'histogram'
    ? definition.read(sources).flatMap(each => valuesOfHistogram(definition, each))
    : definition.read(sources)
}

/** Returns the cumulative buckets, the sum and the count. */
function valuesOfHistogram(
  { name }: HistogramDefinition,
  { labels, histogram }: ReturnType<HistogramDefinition['read']>[number]
): Value[] {
  let count = 0
  const buckets = histogram.counts.map((each, range): Value => {
    count += each
    const le = histogram.bounds[range] ?? '+Inf'
    return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` }
  })
  return [
    ...buckets,
    { labels, value: histogram.sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` }
  ]
}
