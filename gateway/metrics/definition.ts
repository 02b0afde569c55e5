/** The definition of a metric for Prometheus: its name, its labels, and where its values come from. */
import type { ThreadFigures } from '../../shared/figures/thread-figures.js'
import type { Histogram } from '../telemetry/histogram.js'
import type { MetricName } from '../telemetry/metrics.js'
import type { RouteFigures } from '../telemetry/route-figures.js'

/** What the metrics are made from, at the moment of a scrape. */
export interface Sources {
  readonly version: string
  readonly frontendId: string
  /** Seconds since the gateway started. */
  readonly uptime: number
  /** The counters and gauges of the gateway, by name. */
  readonly values: Readonly<Record<MetricName, number>>
  /** The routes and the session hooks that the present handlers offer. */
  readonly routes: readonly { readonly name: string; readonly figures?: RouteFigures | undefined }[]
  readonly batchSizes: Histogram
  /** The figures of the gateway's thread. */
  readonly gateway: ThreadFigures
  /** The workers that are up; a worker that has reported no figures yet has none. */
  readonly workers: readonly { readonly index: number; readonly figures: ThreadFigures | undefined }[]
  /** Whether each worker is a process, with memory of its own. */
  readonly hasWorkerProcesses: boolean
  /** Whether players can be sent here. */
  readonly isReady: boolean
  /** Whether this gateway is one of a cluster. */
  readonly isInCluster: boolean
}

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

interface Head {
  readonly name: string
  readonly help: string
  /** The names of the labels. */
  readonly labels: readonly string[]
  /** The values of its only label, if they are always the same. */
  readonly values?: readonly string[]
}

export interface PlainDefinition extends Head {
  readonly type: 'counter' | 'gauge'
  read(sources: Sources): readonly Sample[]
}

export interface HistogramDefinition extends Head {
  readonly type: 'histogram'
  read(sources: Sources): readonly { readonly labels: Labels; readonly histogram: Histogram }[]
}

export type Definition = PlainDefinition | HistogramDefinition

/** Returns the definition of a metric without labels, whose value is one counter or gauge of the gateway. */
export function plain(type: 'counter' | 'gauge', name: string, help: string, from: MetricName): Definition {
  return { type, name, help, labels: [], read: ({ values }) => [{ labels: {}, value: values[from] }] }
}

/**
 * Returns the definition of a metric with one label, each of whose values has a counter or gauge of the
 * gateway.
 */
export function split(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  from: Readonly<Record<string, MetricName>>
): Definition {
  const read = ({ values }: Sources) =>
    Object.entries(from).map(([word, metric]) => ({ labels: { [label]: word }, value: values[metric] }))
  return { type, name, help, labels: [label], values: Object.keys(from), read }
}
