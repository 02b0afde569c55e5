import t from 'tap'
import { percentile } from '../../../bench/figures/percentile.js'

t.test('a percentile is the least value that so many of all do not exceed', async t => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  t.equal(percentile(hundred, 0.5), 50)
  t.equal(percentile(hundred, 0.99), 99)
  t.equal(percentile(hundred, 1), 100)
  t.equal(percentile(hundred, 0), 1)
  t.equal(percentile([3, 1, 2], 0.5), 2)
  t.equal(percentile([7], 0.99), 7)
})

t.test('values are ordered as numbers, and left as they were', async t => {
  const values = [10, 9, 100, 1]
  t.equal(percentile(values, 1), 100)
  t.same(values, [10, 9, 100, 1])
})

t.test('of no values there is no percentile', async t => t.ok(Number.isNaN(percentile([], 0.5))))
