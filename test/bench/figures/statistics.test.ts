/** Statistics for a handful of rounds. */
import t from 'tap'
import { intervalOf, median, spreadOf } from '../../../bench/figures/statistics.js'

t.test(
  'the interval of few values is all of them, of many the middle that holds the median nine times of ten',
  async t => {
    t.same(intervalOf([3]), { low: 3, high: 3 })
    t.same(intervalOf([3, 1, 2]), { low: 1, high: 3 })
    t.same(intervalOf([5, 1, 4, 2, 3]), { low: 1, high: 5 })
    // [Binomial, n = 8: P(2nd ≤ median ≤ 7th) = 1 - 18/256 = 0.93;
    // n = 20: 6th to 15th is 0.96, 7th to 14th 0.88]
    t.same(intervalOf([8, 1, 7, 2, 6, 3, 5, 4]), { low: 2, high: 7 })
    t.same(intervalOf(Array.from({ length: 20 }, (_, i) => i + 1)), { low: 6, high: 15 })
  }
)

t.test('the median of an even number of values lies between the two in the middle', async t => {
  t.equal(median([4, 1, 3]), 3)
  t.equal(median([4, 1, 3, 2]), 2.5)
})

t.test('the spread is what lies between the least and the greatest, as a share of the median', async t => {
  t.equal(spreadOf([2, 1, 4]), 1.5)
})
