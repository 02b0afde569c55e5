import t from 'tap'
import { keepTime } from '../../../bench/load/keep-time.js'
import { HeldTime } from '../../helpers/held-time.js'

/** A clock that advances by a fixed amount whenever it is read. */
function createClock(step: number): () => number {
  let time = 0
  return () => (time += step)
}

t.test('each moment is called in its turn, once, and never before it has come', async t => {
  const time = new HeldTime(t)
  time.flow()
  // All ways to wait: for a moment that is over, near, or far.
  const moments = [-5, 0, 0, 0.01, 0.3, 1, 1, 2, 12, 40]
  const called: number[] = []
  const onMoment = (index: number, now: number) => {
    called.push(index)
    t.ok(now >= moments[index]!, `${index} is not early`)
    t.ok(now < Math.max(0, moments[index]!) + 0.1, `${index} is not late`)
  }
  await keepTime(moments, onMoment, () => (time.now += 0.01))
  t.same(called, [...moments.keys()])
  t.equal(time.waits.length, 2, 'it sleeps before the far ones')
})

t.test('moments that have come together are called together, each with its own time', async t => {
  const called: [number, number][] = []
  await keepTime([1, 2, 3], (index, now) => called.push([index, now]), createClock(5))
  t.same(called, [
    [0, 5],
    [1, 10],
    [2, 15]
  ])
})

t.test('what comes meanwhile is handled between two moments', async t => {
  const seen: string[] = []
  const onMoment = (index: number) => {
    seen.push(`moment ${index}`)
    if (index === 0) setImmediate(() => seen.push('came meanwhile'))
  }
  await keepTime([1, 3, 3.5], onMoment, createClock(1))
  t.same(seen, ['moment 0', 'came meanwhile', 'moment 1', 'moment 2'])
})

t.test('with no moments it is over at once', async t => {
  const onMoment = () => t.fail('there is no moment')
  t.equal(await keepTime([], onMoment), undefined)
})

t.test('an error of a callback ends it', async t => {
  const called: number[] = []
  const onMoment = (index: number) => {
    called.push(index)
    if (index === 1) throw new Error('No more')
  }
  await t.rejects(keepTime([0, 0, 0], onMoment), { message: 'No more' })
  t.same(called, [0, 1])
})
