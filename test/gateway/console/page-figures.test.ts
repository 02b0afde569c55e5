/** The figures that the console's page makes from the differences of the gateway's answers. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { Histogram, Overview, RouteRow } from '../../../gateway/console/api/console-api.js'
import { root } from '../../helpers/paths.js'

/** Imports a module of the page: plain JavaScript that is not compiled. */
// biome-ignore lint/suspicious/noExplicitAny: it is not compiled, so that it has no types here
function load(path: string): Promise<any> {
  return import(pathToFileURL(join(root, 'gateway/console/page/parts', path)).href)
}

const { percentile, subtract } = await load('histogram.js')
const { History } = await load('history.js')
const { RouteHistory } = await load('route-figures.js')
const format = await load('format.js')
const { countUp, groupByPlace } = await load('places.js')

const bounds = [0.001, 0.01, 0.1]

function histogram(...counts: number[]): Histogram {
  return { bounds, counts, sum: 0, count: counts.reduce((sum, each) => sum + each, 0) }
}

t.test('a percentile lies within the bounds of its bucket', async t => {
  t.equal(percentile(histogram(0, 0, 0, 0), 0.5), null, 'of nothing there is none')
  t.equal(percentile(histogram(10, 0, 0, 0), 0.5), 0.0005)
  t.equal(percentile(histogram(0, 10, 0, 0), 1), 0.01)
  t.equal(percentile(histogram(99, 0, 1, 0), 0.99), 0.001)
  t.equal(percentile(histogram(0, 0, 0, 5), 0.99), 0.1, 'what is above all bounds counts as the last one')
})

t.test('only what was counted between two answers counts; after a restart, all of the later one', async t => {
  t.same(subtract(histogram(5, 3, 0, 1), histogram(4, 3, 0, 0)).counts, [1, 0, 0, 1])
  t.same(subtract(histogram(1, 0, 0, 0), histogram(4, 3, 0, 0)).counts, [1, 0, 0, 0])
  t.same(subtract(histogram(1, 0, 0, 0), undefined).counts, [1, 0, 0, 0])
})

function overview(seconds: number, requests: number, change: Partial<Overview> = {}): Overview {
  return {
    at: 1_000_000 + seconds * 1_000,
    uptime: seconds,
    frontendId: 'a',
    version: '1',
    ready: true,
    counters: { requests, notifies: 0, errors: 0, eventsSent: 0 },
    gauges: { connections: 7 },
    histograms: { queue: histogram(requests, 0, 0, 0), run: histogram(0, requests, 0, 0) },
    eventLoopDelay: { p50: 0.01, p99: 0.02, max: 0.03 },
    memory: { rss: 1, heapUsed: 1, heapTotal: 1, external: 1 },
    cpu: seconds / 2,
    workers: [],
    cluster: null,
    diagnosis: [],
    ...change
  }
}

t.test('rates and times of the overview are those between two answers', async t => {
  const history = new History()
  history.add(overview(10, 1_000))
  t.match(history.newest, { connections: 7, requests: null, queue50: null, cpu: null }, 'the first has none')
  history.add(overview(12, 1_400))
  t.match(history.newest, { requests: 200, errors: 0, queue50: 0.0005, delay99: 0.02, cpu: 0.5 })
  t.equal(history.newest.run99 > 0.009, true)
  history.add(overview(14, 1_400))
  t.match(history.newest, { requests: 0, queue50: null, run99: null }, 'without requests they have no times')
})

t.test('a restart of the gateway, and a long silence, break the lines', async t => {
  const history = new History()
  history.add(overview(100, 1_000))
  history.add(overview(102, 1_200))
  history.add({ ...overview(1, 5), at: 1_000_000 + 105_000 })
  t.equal(history.newest.requests, null, 'nothing is known of the time before')
  t.same(history.columns.connections, [7, 7, null, 7])
  history.add({ ...overview(61, 605), at: 1_000_000 + 165_000 })
  t.equal(history.newest.requests, 10, 'the mean of the silence')
  t.same(history.columns.connections, [7, 7, null, 7, null, 7])
})

t.test('a clock that is set back starts the lines anew', async t => {
  const history = new History()
  history.add(overview(100, 1_000))
  history.add({ ...overview(102, 1_200), at: 5_000 })
  t.same(history.time, [5])
})

t.test('the lines end after a quarter of an hour, and a part of them can be had', async t => {
  const history = new History()
  for (let i = 0; i < 600; i++) history.add(overview(i * 2, i))
  t.equal(history.time.length, 450)
  const [time, connections] = history.slice(['connections'], 60)
  t.equal(time.length, 31)
  t.equal(connections.length, 31)
})

function route(requests: number, errors: Record<string, number> = {}): RouteRow {
  return {
    route: 'a.b',
    file: 'a.js',
    options: {},
    requests,
    errors,
    queue: histogram(requests, 0, 0, 0),
    run: histogram(requests, 0, 0, 0),
    schema: null,
    suspendedFor: 0
  }
}

t.test(
  'figures of routes are those of the last minute, and before there are two answers those so far',
  async t => {
    const history = new RouteHistory()
    const add = (seconds: number, requests: number, errors = {}) =>
      history.add({ at: seconds * 1_000, routes: [route(requests, errors)] })[0]
    t.match(add(0, 100, { A: 3, B: 1 }), { rate: null, requests: 100, failures: 4 })
    t.match(add(10, 150, { A: 3, B: 2 }), { rate: 5, requests: 50, failures: 1 })
    t.equal(history.seconds, 10)
    add(65, 150)
    t.match(add(75, 180), { requests: 30, rate: 30 / 65 }, 'the answer of 65 seconds ago is the base')
    t.match(add(80, 3), { rate: null, requests: 3 }, 'a restart begins anew')
  }
)

t.test('while a worker retires its place counts once', async t => {
  const at = (index: number, state: string) => ({ index, state })
  const workers = [at(0, 'up'), at(0, 'retiring'), at(1, 'starting'), at(1, 'retiring'), at(2, 'up')]
  t.equal(countUp(workers), '2 of 3')
  t.same(groupByPlace(workers), [
    { worker: workers[0], retiring: [workers[1]] },
    { worker: workers[2], retiring: [workers[3]] },
    { worker: workers[4], retiring: [] }
  ])
  t.same(groupByPlace([at(0, 'retiring')]), [{ worker: at(0, 'retiring'), retiring: [] }])
  t.same(groupByPlace([]), [])
})

t.test('figures have units that fit their size', async t => {
  const {
    formatSeconds,
    formatBytes,
    formatDuration,
    formatShare,
    formatRate,
    formatValue,
    formatName,
    countOf
  } = format
  t.same([0, 0.00034, 0.0012, 0.25, 2.5, null].map(formatSeconds), [
    '0 ms',
    '340 µs',
    '1.2 ms',
    '250 ms',
    '2.5 s',
    '–'
  ])
  t.same([0, 1_023, 1_536, 5 * 1024 ** 3].map(formatBytes), ['0 B', '1,023 B', '1.5 KiB', '5 GiB'])
  t.same([0, 59, 3_600, 90_061].map(formatDuration), ['0 s', '59 s', '1 h', '1 d 1 h'])
  t.equal(formatShare(0.425), '43 %')
  t.equal(formatRate(1_234.4), '1,234/s')
  t.same(
    [0, 1, 2_000].map(count => countOf(count, 'line')),
    ['0 lines', '1 line', '2,000 lines']
  )
  t.same(
    ['ann', 'Ünï 🧙\u200d♂️', ' ', 'a\nb', '\u202eann', 'ann '].map(formatName),
    ['ann', 'Ünï 🧙\u200d♂️', '" "', '"a\\u{a}b"', '"\\u{202e}ann"', '"ann "'],
    'what can not be seen of a name is shown'
  )
  const seen = ['🏳️‍🌈', '👩🏽‍🚀', '1️⃣', 'क्‍ष', 'é', '日本', 'עם']
  t.same(seen.map(formatName), seen)
  t.same(
    [
      '\u3164',
      '\u2800',
      'ann\u115f',
      '\ufe0f',
      '1\ufe0f',
      'an\u200dn',
      '🧙\u200d',
      '🧙\ufe0f\ufe0f',
      'a\u{e0061}'
    ].map(formatName),
    [
      '"\\u{3164}"',
      '"\\u{2800}"',
      '"ann\\u{115f}"',
      '"\\u{fe0f}"',
      '"1\\u{fe0f}"',
      '"an\\u{200d}n"',
      '"🧙\\u{200d}"',
      '"🧙\ufe0f\\u{fe0f}"',
      '"a\\u{e0061}"'
    ],
    'fillers, and joiners and selectors of nothing'
  )
  t.equal(formatValue({ a: 1n, b: new Map([[1, 2]]) }), '{"a":"1n","b":{"Map":[[1,2]]}}')
})
