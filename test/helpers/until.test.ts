import t from 'tap'
import { until } from './until.js'

t.test('until returns as soon as its condition holds, and fails after its limit', async t => {
  let looks = 0
  await until('the third look', () => ++looks === 3)
  t.equal(looks, 3)
  await t.rejects(
    until('never', () => false, 5),
    { message: 'Waited 5 ms in vain until never' }
  )
})

t.test('a stall that is longer than the limit does not fail what holds right after it', async t => {
  let looks = 0
  await until(
    'the third look',
    () => {
      const end = performance.now() + 5
      while (performance.now() < end);
      return ++looks === 3
    },
    1
  )
  t.equal(looks, 3)
})
