/** The rows of a case, made from fixed measurements, and the forms in which they are printed. */
import t from 'tap'
import type { Beside, Case, Contender } from '../../../bench/cases/case.js'
import { atLeast, atMost } from '../../../bench/cases/goal.js'
import { formatJson, formatMarkdown, formatTable } from '../../../bench/report/report.js'
import { rowsOf } from '../../../bench/rounds/row.js'
import type { Measurement, Work } from '../../../bench/work/work.js'
import { matchRows } from '../../helpers/match-rows.js'

const work: Work = { run: () => Promise.reject(new Error('Nothing runs here')) }

const contender = (name: string, file = name): Contender => ({ name, file, work })

const floor = contender('echo')

function caseWith(...beside: Beside[]): Case {
  return { name: 'requests-1x1', unit: 'requests/s', better: 'more', ours: contender('gateway'), beside }
}

const values = (...all: number[]): Measurement[] => all.map(value => ({ value }))

t.test('the ratio is that of each round, and the median of these', async t => {
  const ours = values(100, 300, 200)
  const [row] = rowsOf(caseWith({ floor }), { ours, floors: [values(50, 100, 400)] })
  t.match(row, { case: 'requests-1x1', unit: 'requests/s', floorName: 'echo' })
  t.match(row, { ours: 200, floor: 100, ratio: 2, spread: 1.25 })
})

t.test('each thing beside ours has its row, with its own goals', async t => {
  const besides: Beside[] = [{ floor, goals: [atLeast(2)] }, { floor: contender('pool') }]
  const rows = rowsOf(caseWith(...besides), { ours: values(100), floors: [values(60), values(10)] })
  matchRows(t, rows, [
    { floorName: 'echo', goal: '≥ 2 ×', isMet: false },
    { floorName: 'pool', ratio: 10, goal: null, isMet: null }
  ])
  t.same(rows[1]!.reached, [])
})

t.test('a goal is met at its bound and on its side of it, and all goals of a row must be', async t => {
  const met = (...goals: Beside['goals'] & {}) =>
    rowsOf(caseWith({ floor, goals }), { ours: values(100), floors: [values(50)] })[0]!.isMet
  t.equal(met(atLeast(2)), true)
  t.equal(met(atLeast(2.01)), false)
  t.equal(met(atMost(2)), true)
  t.equal(met(atMost(1.99)), false)
  t.equal(met(atLeast(1), atMost(3)), true)
  t.equal(met(atLeast(1), atMost(1.5)), false)
})

t.test('a goal about a figure that this system does not tell is neither met nor missed', async t => {
  const goals = [atLeast(1), atMost(1.2, 'gatewayRatio')]
  const [row] = rowsOf(caseWith({ floor, goals }), { ours: values(100), floors: [values(50)] })
  t.match(row, { goal: '≥ 1 ×, gateway CPU ≤ 1.2 ×', isMet: null })
  t.same(row!.reached, [2, null])
  t.match(formatTable([row!]), /not known/)
})

t.test('a case without a floor has a row, a goal and a spread all the same', async t => {
  const ours = [90, 100, 110].map(value => ({ value, p50: value * 2, p99: value * 20 }))
  const [row] = rowsOf(caseWith({ goals: [atMost(2000, 'p99')] }), { ours, floors: [undefined] })
  t.match(row, { floorName: null, floor: null, ratio: null, ours: 100, p50: 200, p99: 2000, spread: 0.2 })
  t.match(row, { goal: 'p99 ≤ 2,000 µs', isMet: true })
  t.same(row!.reached, [2000])
})

t.test('a floor that the work reckons itself is compared round by round too', async t => {
  const ours = [
    { value: 100, floor: 50 },
    { value: 300, floor: 100 }
  ]
  const [row] = rowsOf(caseWith({ floor: 'an ideal server', goals: [atMost(2.5)] }), {
    ours,
    floors: [undefined]
  })
  t.match(row, { floorName: 'an ideal server', floor: 75, ratio: 2.5, isMet: true })
})

t.test('what a push costs the gateway is what it costs beside the same gateway without pushes', async t => {
  const cost = (gateway: number) => [{ value: 10, cost: { process: 30, gateway, workers: 5, wait: 1 } }]
  const without = contender('without pushes', 'gateway')
  const measured = { ...caseWith({ floor: without }), pushesPerOperation: 10 }
  const [row] = rowsOf(measured, { ours: cost(16), floors: [cost(8)] })
  t.match(row, {
    gatewayMicrosPerPush: 0.8,
    gatewayRatio: 2,
    cpuMicros: 30,
    gatewayMicros: 16,
    workerMicros: 5
  })
  const [beside] = rowsOf({ ...measured, beside: [{ floor }] }, { ours: cost(16), floors: [cost(8)] })
  t.match(beside, { gatewayMicrosPerPush: null, gatewayRatio: null }, 'nothing where the floor is no gateway')
})

const pair: Beside = { floor, goals: [atMost(1.25, 'p50Ratio')] }
const cost = { process: 20.04, gateway: 12, workers: 6, wait: 1.5 }
const [timed] = rowsOf(caseWith(pair), {
  ours: [{ value: 1234.5678, cost, p50: 240, p99: 1500, loadCpu: 0.151 }],
  floors: [[{ value: 2000, cost: { ...cost, process: 8, wait: 0 }, p50: 200, p99: 300, loadCpu: 0.4 }]]
})
const [plain] = rowsOf(
  { ...caseWith({ floor }), name: 'push-rich', detail: '8 workers', unit: 'values/s' },
  {
    ours: values(9),
    floors: [values(10)]
  }
)

t.test('a table has a line for each row, and no column that says nothing', async t => {
  t.equal(
    formatTable([timed!, plain!]),
    `
case                  unit        floor  floor’s  ours   ratio  spread  goal          reached    CPU µs: ours (gateway + workers)  CPU µs: floor  wait for a core, µs: floor, ours  p50 µs: floor, ours  p99 µs: floor, ours  load CPU: floor, ours
requests-1x1          requests/s  echo   2,000    1,235  0.62   0 %     p50 ≤ 1.25 ×  1.20, met  20.0 (12.0 + 6.0)                 8.0            0.0, 1.5                          200, 240             300, 1,500           40 %, 15 %
push-rich, 8 workers  values/s    echo   10.0     9.0    0.90   0 %`.slice(1)
  )
  t.equal(
    formatTable([plain!]),
    `
case                  unit      floor  floor’s  ours  ratio  spread
push-rich, 8 workers  values/s  echo   10.0     9.0   0.90   0 %`.slice(1)
  )
})

t.test('the table for a document is Markdown', async t => {
  t.equal(
    formatMarkdown([timed!, plain!]),
    `
| case | floor | ours | ratio | spread | goal | reached | CPU µs (gateway + workers) | p50, p99 µs |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`requests-1x1\` | echo: 2,000 | 1,235 requests/s | 0.62 × | 0 % | p50 ≤ 1.25 × | 1.20, met | 20.0 (12.0 + 6.0) | 240, 1,500 |
| \`push-rich\`, 8 workers | echo: 10.0 | 9.0 values/s | 0.90 × | 0 % |  |  |  |  |`.slice(1)
  )
})

t.test(
  'JSON has the keys that are promised, four digits of each figure, and null for what is not there',
  async t => {
    const json = JSON.parse(formatJson(timed!))
    t.match(json, { case: 'requests-1x1', unit: 'requests/s', floor: 2000, ours: 1235, ratio: 0.6173 })
    t.match(json, {
      p50: 240,
      p99: 1500,
      cpuMicros: 20.04,
      waitMicros: 1.5,
      floorWaitMicros: 0,
      p50Ratio: 1.2,
      goal: 'p50 ≤ 1.25 ×',
      isMet: true
    })
    t.match(JSON.parse(formatJson(plain!)), { detail: '8 workers', p50: null, p99: null, cpuMicros: null })
  }
)
