import t from 'tap'
import type { Sources } from '../../../gateway/metrics/definition.js'
import { definitions, Exposition } from '../../../gateway/metrics/prometheus.js'
import { Histogram } from '../../../gateway/telemetry/histogram.js'
import { type MetricName, metricNames } from '../../../gateway/telemetry/metrics.js'
import { RouteFigures } from '../../../gateway/telemetry/route-figures.js'
import { figureNames, type ThreadFigures } from '../../../shared/figures/thread-figures.js'

const threadFigures = Object.fromEntries(
  figureNames.map((name, index) => [name, index + 0.5])
) as unknown as ThreadFigures

/** Returns sources in which each counter and gauge has a number of its own. */
function createSources(changes: Partial<Sources> = {}): Sources {
  return {
    version: '1.2.3',
    frontendId: 'gateway-1',
    uptime: 60,
    values: Object.fromEntries(metricNames.map((name, index) => [name, 1_000 + index])) as Record<
      MetricName,
      number
    >,
    routes: [],
    batchSizes: new Histogram([1, 2]),
    gateway: threadFigures,
    workers: [],
    hasWorkerProcesses: false,
    isReady: true,
    isInCluster: false,
    ...changes
  }
}

const write = (changes: Partial<Sources> = {}) => new Exposition(() => createSources(changes)).write()

t.test('names and units are those of OpenTelemetry in the form of Prometheus', t => {
  const names = definitions.map(({ name }) => name)
  t.equal(new Set(names).size, names.length, 'each name is there once')
  for (const { name, type, help, labels } of definitions) {
    t.match(name, /^(sallyport|nodejs_eventloop|v8js_memory|process)_[a-z0-9_]+[a-z0-9]$/)
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: counters, and only these, end in _total`)
    t.notMatch(name, /_(ms|milliseconds|micros|kb|mb|count|sum|bucket)(_|$)/, name)
    t.match(help, /^[A-Z0-9].*[^.]$/, name)
    for (const label of labels) t.notMatch(label, /uid|sid|session|user|address|ip$|le$/, name)
  }
  t.end()
})

t.test('each counter and gauge of the gateway has its metric, and its labels are the declared ones', t => {
  const read = new Set<string>()
  const sources = createSources({
    routes: [{ name: 'score.add', figures: new RouteFigures() }],
    workers: [{ index: 0, figures: threadFigures }]
  })
  const values = new Proxy(sources.values, {
    get: (target, name: MetricName) => {
      read.add(name)
      return target[name]
    }
  })
  for (const definition of definitions) {
    const samples = definition.read({ ...sources, values })
    t.ok(samples.length > 0, definition.name)
    for (const { labels } of samples) t.same(Object.keys(labels), definition.labels, definition.name)
  }
  // The gauges of the gateway that have a name of their own here are derived from others.
  t.same(
    metricNames.filter(name => !read.has(name)),
    []
  )
  t.end()
})

t.test('plain values are written with their labels', async t => {
  const text = await write({
    workers: [
      { index: 3, figures: threadFigures },
      { index: 4, figures: undefined }
    ]
  })
  const { values } = createSources()
  for (const line of [
    '# TYPE sallyport_sessions gauge',
    `sallyport_sessions{state="connected"} ${values.sessions - values.detachedSessions}`,
    `sallyport_sessions{state="detached"} ${values.detachedSessions}`,
    '# TYPE sallyport_requests_refused_total counter',
    `sallyport_requests_refused_total{cause="overload"} ${values.requestsOverloaded}`,
    `sallyport_resumes_total{outcome="failed"} ${values.resumesFailed}`,
    `sallyport_worker_restarts_total{cause="stuck"} ${values.workersStuck}`,
    'nodejs_eventloop_delay_p99_seconds{thread="gateway"} 2.5',
    'nodejs_eventloop_delay_p99_seconds{thread="worker-3"} 2.5',
    'process_resident_memory_bytes{process="gateway"} 7.5',
    `sallyport_info{frontend_id="gateway-1",version="1.2.3",node_version="${process.version}"} 1`
  ])
    t.ok(text.split('\n').includes(line), line)
  t.notMatch(
    text,
    /worker-4|process="worker/,
    'threads share the process; a worker without figures is left out'
  )
  t.match(
    await write({ workers: [{ index: 3, figures: threadFigures }], hasWorkerProcesses: true }),
    'process_resident_memory_bytes{process="worker-3"} 7.5'
  )
})

t.test('the metrics of a cluster are written only in a cluster', async t => {
  t.notMatch(await write(), /sallyport_cluster/)
  const text = await write({ isInCluster: true })
  const { values } = createSources()
  for (const line of [
    '# TYPE sallyport_cluster_lag_seconds gauge',
    `sallyport_cluster_lag_seconds ${values.clusterLag / 1_000}`,
    `sallyport_cluster_operations_total{direction="in"} ${values.served}`,
    `sallyport_cluster_sessions_moved_total{direction="out"} ${values.sessionsMovedOut}`
  ])
    t.ok(text.split('\n').includes(line), line)
  t.match(text, /\nsallyport_uptime_seconds 60\n/, 'the others are there, too')
  t.match(text, /[^\n]\n$/)
})

t.test('a histogram is written with cumulative buckets, its sum and its count', async t => {
  const figures = new RouteFigures()
  figures.add('ok', 0, 0.4, 3)
  figures.add('ok', 0, 2, 20_002)
  figures.add('timeout', 0, undefined, 30_000)
  const text = await write({ routes: [{ name: 'a"b\\c', figures }, { name: 'never.asked' }] })
  const route = 'route="a\\"b\\\\c"'
  for (const line of [
    '# TYPE sallyport_request_queue_duration_seconds histogram',
    `sallyport_request_queue_duration_seconds_bucket{${route},le="0.0005"} 1`,
    `sallyport_request_queue_duration_seconds_bucket{${route},le="0.0025"} 2`,
    `sallyport_request_queue_duration_seconds_bucket{${route},le="10"} 2`,
    `sallyport_request_queue_duration_seconds_bucket{${route},le="+Inf"} 3`,
    `sallyport_request_queue_duration_seconds_count{${route}} 3`,
    `sallyport_request_run_duration_seconds_bucket{${route},le="+Inf"} 2`,
    `sallyport_request_run_duration_seconds_sum{${route}} 20.0026`,
    `sallyport_requests_total{${route},outcome="ok"} 2`,
    `sallyport_requests_total{${route},outcome="timeout"} 1`
  ])
    t.ok(text.split('\n').includes(line), line)
  t.notMatch(text, /never\.asked|summary|NaN/)
})

t.test('scrapes at the same time share one reading, and a later one reads anew', async t => {
  let readings = 0
  const exposition = new Exposition(() => createSources({ uptime: ++readings }))
  const [one, other] = await Promise.all([exposition.write(), exposition.write()])
  t.equal(one, other)
  t.match(await exposition.write(), /\nsallyport_uptime_seconds 2\n/)
  t.match(exposition.contentType, /^text\/plain; version=0\.0\.4/)
})
