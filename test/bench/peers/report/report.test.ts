/** Rows, goals and the picture's bars from what was measured. */
import t from 'tap'
import { cases, type Measurement, nothing } from '../../../../bench/peers/cases.js'
import {
  contenders,
  oursInPackages,
  oursInText,
  pinus,
  socketIo
} from '../../../../bench/peers/contenders.js'
import type { Series } from '../../../../bench/peers/measure.js'
import { formatGoals, lostByOurs } from '../../../../bench/peers/report/goals.js'
import { pictureOf, rowsFileOf } from '../../../../bench/peers/report/picture-of.js'
import {
  formatJson,
  formatTable,
  parseRows,
  type Row,
  rowsOf
} from '../../../../bench/peers/report/report.js'
import { drawBars } from '../../../../bench/report/picture.js'
import { readText } from '../../../helpers/sources.js'

const requests = cases[0]!

function series(contender: Series['contender'], rounds: Partial<Measurement>[], fault?: string): Series {
  return { contender, rounds: rounds.map(round => ({ ...nothing, ...round })), fault }
}

const measured = [
  series(oursInText, [{ perSecond: 50_000 }, { perSecond: 60_000 }, { perSecond: 70_000 }]),
  series(oursInPackages, [
    { perSecond: 80_000, cpuMicros: 10, acknowledged: 100, lost: 0 },
    { perSecond: 90_000, cpuMicros: 12, acknowledged: 100, lost: 0 },
    { perSecond: 40_000, cpuMicros: 11, acknowledged: 100, lost: 0 }
  ]),
  series(pinus, [
    { perSecond: 10_000, cpuMicros: 40, acknowledged: 100, lost: 90 },
    { perSecond: 9_000, cpuMicros: 48, acknowledged: 100, lost: 95 },
    { perSecond: 5_000, cpuMicros: 55, acknowledged: 100, lost: 94 }
  ]),
  series(socketIo, [], 'not installed: npm ci failed: ENOTFOUND')
]

function rows(): Row[] {
  return rowsOf(requests, measured, ({ name }) => (name === 'Pinus' ? '1.7.4' : null))
}

function rowOf(name: string): Row {
  return rows().find(({ contender }) => contender === name)!
}

t.test('figures are medians, increments are added up, and the spread is a share of the median', async t => {
  t.match(rowOf(pinus.name), {
    version: '1.7.4',
    perSecond: 9_000,
    spread: 5_000 / 9_000,
    cpuMicros: 48,
    acknowledged: 300,
    lost: 279,
    p50: null
  })
})

t.test('ratios are of one round each, to ours in the same form', async t => {
  // 8, 10 and 8, though the medians are 80,000 and 9,000; in text it would be 5, 6.7 and 14.
  t.equal(rowOf(pinus.name).oursOver, 8)
  t.equal(rowOf(pinus.name).oursCpuOver, 0.25)
  t.equal(rowOf(oursInText.name).oursOver, null)
})

t.test('who could not be installed has a row that says why, and no figures', async t => {
  const row = rowOf(socketIo.name)
  t.match(row, {
    fault: 'not installed: npm ci failed: ENOTFOUND',
    perSecond: null,
    oursOver: null,
    lost: null
  })
  t.match(formatTable(rows()), /Socket\.IO +memory of the process +not installed: npm ci failed: ENOTFOUND$/m)
})

t.test('a row says where its handler keeps the counter, and in which form it pushes', async t => {
  t.equal(rowOf(pinus.name).keeps, 'session, await apush')
  const unawaited = cases.find(({ name }) => name === 'unawaited-50x16')!
  const keeps = rowsOf(unawaited, measured, () => null).map(row => row.keeps)
  t.same(keeps, ['session, push', 'session, push', 'session, push', 'memory of the process'])
  const [pushed] = rowsOf(cases.find(({ name }) => name === 'pushes')!, measured, () => null)
  t.equal(pushed!.keeps, null)
})

t.test('the table has the losses as numbers and as a share, and no column that says nothing', async t => {
  const table = formatTable(rows())
  t.match(table, '279 of 300, 93 %')
  t.match(table, '0 of 300')
  t.notMatch(table, 'RSS')
})

t.test('a row is one line of JSON', async t => {
  const row = { ...rowOf(pinus.name), perSecond: 1234.5678, lost: 123_456 }
  t.match(JSON.parse(formatJson(row)), { contender: 'Pinus', perSecond: 1235, lost: 123_456, p99: null })
  t.notMatch(formatJson(row), '\n')
})

t.test('goals are met, not met, or not spoken of', async t => {
  const goals = formatGoals(rows())
  t.match(goals, /^met +awaited-50x16: ours at least 5 × Pinus \(8\)$/m)
  t.match(goals, /^met +awaited-50x16: ours at most a third of Pinus' CPU for a request \(0\.25\)$/m)
  t.match(goals, /^met +updates that ours loses: none \(0\)$/m)
  t.notMatch(goals, /Socket\.IO|pushes|50x1:/)
  const slower = rows().map(row => ({ ...row, oursOver: 4.9, oursCpuOver: 0.34, lost: 1 }))
  t.same(
    formatGoals(slower)
      .split('\n')
      .map(line => line.slice(0, 7)),
    Array(4).fill('not met')
  )
})

t.test('only what ours has lost is counted as ours', async t => {
  t.equal(lostByOurs(rows()), 0)
  t.equal(lostByOurs(rows().map(row => ({ ...row, lost: row.role === 'ours' ? 2 : row.lost }))), 4)
  t.equal(lostByOurs([]), null)
})

t.test('the picture has a bar for each that was measured, the longest first', async t => {
  const [many, one] = pictureOf(rows()).groups
  t.same(many!.bars, [
    { name: 'Sallyport, Pomelo packages', value: 80_000, isOurs: true },
    { name: 'Sallyport, JSON text', value: 60_000, isOurs: true },
    { name: 'Pinus 1.7.4', value: 9_000, isOurs: false }
  ])
  t.same(one!.bars, [])
})

t.test('ours pushes in the same forms as Pinus, in routes of the same names', async t => {
  const formsOf = ({ forms }: Series['contender']) =>
    Object.entries(forms).map(([name, { route, keeps }]) => [name, route.split('.').at(-1), keeps])
  t.same(formsOf(oursInText), formsOf(pinus))
  t.same(formsOf(oursInPackages), formsOf(pinus))
  const each = contenders.filter(({ forms }) => forms.awaited.route !== forms.unawaited.route)
  t.same(each, [oursInText, oursInPackages, pinus])
})

t.test('no two contenders have one name, by which the rows are found', async t => {
  t.equal(new Set(contenders.map(({ name }) => name)).size, contenders.length)
})

t.test('the picture of the documents is the one that its rows give', async t => {
  const picture = 'docs/pictures/requests.svg'
  const rows = parseRows(readText(rowsFileOf(picture)))
  t.ok(rows.length > 0)
  t.equal(readText(picture), drawBars(pictureOf(rows)))
})
