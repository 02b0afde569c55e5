/** The summary of `sallyport top`, from two overviews, and its screen. */
import t from 'tap'
import type { Overview } from '../../../gateway/console/api/console-api.js'
import { painterFor } from '../../../tools/terminal/output.js'
import { drawScreen } from '../../../tools/top/screen.js'
import { summarize } from '../../../tools/top/summary.js'
import { matchRows } from '../../helpers/match-rows.js'
import { overviewAt } from '../../helpers/overview.js'

const plain = painterFor({}, {})

t.test('rates, percentiles and shares are those between two overviews', async t => {
  const before = overviewAt(10, { requests: 1_000, counts: [100, 0, 0], active: 1 })
  const now = overviewAt(12, { requests: 1_500, counts: [100, 100, 0], active: 2 })
  const { rates, queue, cpu, workers } = summarize(now, before)
  t.equal(rates.requests, 250)
  t.equal(cpu, 0.5)
  t.equal(queue.p50!.toFixed(2), '5.50', 'of the requests since then, all of 1 to 10 ms')
  t.equal(queue.p99!.toFixed(2), '9.91')
  t.match(workers[0], { busy: 0.5 })
})

t.test('without an earlier overview, and after a new start, there are no rates', async t => {
  const now = overviewAt(5, { requests: 10, counts: [10, 0, 0], active: 1 })
  for (const before of [undefined, overviewAt(500, { requests: 9_999, counts: [99, 99, 99], active: 400 })]) {
    const { rates, queue, workers } = summarize(now, before)
    t.equal(rates.requests, null)
    t.equal(queue.p50, 0.5, 'percentiles are those since the start')
    t.equal(workers[0]!.busy, 0.2)
  }
})

t.test('a worker that retires is compared with itself, not with the one that has its place', async t => {
  const overview = (uptime: number, up: number, retiring: number): Overview => {
    const base = overviewAt(uptime, { requests: 1, counts: [0, 0, 0], active: 1 })
    const worker = { ...base.workers[0]!, restarts: 1 }
    return {
      ...base,
      workers: [
        { ...worker, busy: { active: up / 2, total: up } },
        { ...worker, state: 'retiring', busy: { active: retiring / 4, total: retiring } }
      ]
    }
  }
  const { workers } = summarize(overview(102, 4, 102), overview(100, 2, 100))
  matchRows(t, workers, [
    { state: 'up', busy: 0.5 },
    { state: 'retiring', busy: 0.25 }
  ])
})

t.test('the screen says what is wrong and what to do, and is as wide as the terminal', async t => {
  const now: Overview = {
    ...overviewAt(12, { requests: 1, counts: [0, 0, 0], active: 0 }),
    ready: false,
    diagnosis: [{ severity: 'error', what: 'No worker makes progress.\u001b[2J', todo: 'Look at the log.' }]
  }
  const summary = summarize(now, undefined)
  for (const columns of [30, 80, 200]) {
    const lines = drawScreen(summary, plain, { columns, rows: undefined })
    t.ok(lines.every(line => line.length <= columns))
    t.match(lines[0], /^test-1 {2}NOT READY {2}up 12 s/)
    t.match(lines[1], /^ERROR No worker makes/)
    t.match(lines[2], /Look at the log/)
    t.notMatch(lines.join(''), '\u001b')
  }
  t.equal(drawScreen(summary, plain, { columns: 80, rows: 4 }).length, 4)
})

t.test('a terminal obeys no text of a gateway, wherever it stands', async t => {
  const evil = '\u001b[2J'
  const now = overviewAt(10, { requests: 1, counts: [1, 0, 0], active: 1 })
  const summary = summarize(
    {
      ...now,
      frontendId: evil,
      version: evil,
      workers: now.workers.map(worker => ({ ...worker, state: evil as 'up' })),
      cluster: {
        name: evil,
        state: evil as 'up',
        members: ['a', evil].map(frontendId => ({ frontendId, state: evil as 'up' })),
        lag: 1,
        full: [evil]
      }
    },
    undefined
  )
  const lines = drawScreen(summary, plain, { columns: 500, rows: undefined })
  t.equal(lines.join('').split('\\u001b[2J').length - 1, 8)
  t.notMatch(lines.join(''), '\u001b')
})

t.test('if nothing is wrong it says so', async t => {
  const now = overviewAt(12, { requests: 1, counts: [0, 0, 0], active: 0 })
  const lines = drawScreen(summarize(now, undefined), plain, { columns: 80, rows: undefined })
  t.ok(lines.includes('All is well.'))
  t.ok(lines.some(line => /^0 up +0 % +0 +0 +0$/.test(line)))
})

t.test('the cluster is one line: how this gateway is, who else is there, and what is full', async t => {
  const draw = (cluster: Overview['cluster']) => {
    const now = { ...overviewAt(10, { requests: 1, counts: [1, 0, 0], active: 1 }), cluster }
    const lines = drawScreen(summarize(now, undefined), plain, { columns: 120, rows: undefined })
    return lines.find(line => line.startsWith('cluster'))
  }
  t.equal(draw(null), undefined)
  const members = [
    { frontendId: 'a', state: 'degraded' },
    { frontendId: 'b', state: 'up' },
    { frontendId: 'c', state: 'draining' }
  ] as const
  t.equal(
    draw({ name: 'game', state: 'degraded', members, lag: 1_500, full: ['b'] }),
    'cluster game  degraded  with b, c (draining)  lag 1.50 s  queue full: b'
  )
  t.equal(
    draw({ name: 'game', state: 'up', members: members.slice(0, 1), lag: 0, full: [] }),
    'cluster game  up  alone  lag 0 µs'
  )
})
