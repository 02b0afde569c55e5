/** The figures of a load: sums over threads, and bounds of what is kept. */
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { timesOf } from '../../../tools/load/result.js'
import {
  addUp,
  countTrouble,
  createFigures,
  createTimes,
  otherName,
  record,
  stepOf
} from '../../../tools/players/figures.js'
import { countFault } from '../../../tools/players/lives.js'

t.test('times have percentiles in milliseconds, to three digits', async t => {
  const times = createTimes()
  for (let ms = 1; ms <= 1_000; ms++) record(times, ms)
  const { count, mean, p50, p99, p999, max } = timesOf(times)
  t.equal(count, 1_000)
  for (const [value, expected] of [
    [mean, 500.5],
    [p50, 500],
    [p99, 990],
    [p999, 999],
    [max, 1_000]
  ] as const)
    t.ok(Math.abs(value! / expected - 1) < 0.001, `${value} is ${expected}`)
})

t.test('an error of a scenario is counted by its first line, whatever id it has', async t => {
  const figures = createFigures()
  for (let n = 0; n < 3; n++)
    countFault(figures, new Error(`The log has it under ${randomUUID()}\nmore ${n}`))
  countFault(figures, 'other')
  t.same(
    [...figures.faults].map(([line, { count }]) => [line, count]),
    [
      ['The log has it under …', 3],
      ['other', 1]
    ]
  )
})

t.test('no times have no percentiles', async t => {
  t.same(timesOf(createTimes()), {
    count: 0,
    mean: null,
    p50: null,
    p90: null,
    p99: null,
    p999: null,
    max: null
  })
})

t.test('a time of nothing, and one of days, is kept as the least and the longest', async t => {
  const times = createTimes()
  record(times, 0)
  record(times, 86_400_000)
  t.equal(times.count, 2)
  t.equal(times.min, 1)
})

t.test('the figures of threads add up: counts and times, but of the periods the longest counts', async t => {
  const [a, b] = [createFigures(), createFigures()]
  for (const [figures, ms] of [
    [a, 1],
    [b, 3]
  ] as const) {
    const step = stepOf(figures, 'a.b')
    step.ok += 2
    record(step.times, ms)
    countTrouble(step.errors, 'OVERLOADED', `the first of ${ms}`)
    countTrouble(figures.failures, 'refused', 'nothing listens there', 2)
    Object.assign(figures, { open: 1, done: 3, period: ms * 100, busy: ms / 10, unsent: 4 })
  }
  const { steps, failures, open, done, period, busy, unsent } = addUp([a, b])
  t.same({ open, done, period, busy, unsent }, { open: 2, done: 6, period: 300, busy: 0.3, unsent: 8 })
  const { ok, errors, times } = steps.get('a.b')!
  t.equal(ok, 4)
  t.equal(times.count, 2)
  t.same(errors, new Map([['OVERLOADED', { count: 2, message: 'the first of 1' }]]))
  t.same(failures, new Map([['refused', { count: 4, message: 'nothing listens there' }]]))
})

t.test('however many names a server or a scenario makes up, some share one', async t => {
  const figures = createFigures()
  for (let i = 0; i < 1_000; i++) {
    stepOf(figures, `step ${i}`).ok++
    countTrouble(figures.failures, `kind ${i}`, '')
  }
  t.ok(figures.steps.size <= 101)
  t.ok(figures.failures.size <= 101)
  t.equal(figures.steps.get(otherName)?.ok, 900)
  t.equal(figures.failures.get(otherName)?.count, 900)
})
