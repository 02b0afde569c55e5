import t from 'tap'
import { type ArrivalsInit, drawArrivals } from '../../../bench/load/arrivals.js'

const asked: ArrivalsInit = { seed: 1, rate: 10_000, seconds: 2, sockets: 50, heavyShare: 0.1 }

t.test('the same seed gives the same arrivals, another seed gives others', async t => {
  t.same(drawArrivals(asked), drawArrivals({ ...asked }))
  const others = drawArrivals({ ...asked, seed: 2 })
  t.not(others[0]!.at, drawArrivals(asked)[0]!.at)
})

t.test('what is drawn for a longer time begins in the same way', async t => {
  const short = drawArrivals({ ...asked, seconds: 1 })
  t.same(drawArrivals(asked).slice(0, short.length), short)
})

t.test('arrivals are in order, within the time, on one of the sockets', async t => {
  const arrivals = drawArrivals(asked)
  t.ok(arrivals.every(({ at }, i) => at >= (arrivals[i - 1]?.at ?? 0) && at < 2_000))
  t.same(
    [...new Set(arrivals.map(({ socket }) => socket))].sort((a, b) => a - b),
    [...Array(50).keys()]
  )
})

t.test('there are as many as the rate says, and as many of them heavy as the share says', async t => {
  const arrivals = drawArrivals(asked)
  // The seed is the same in each run. 20,000 arrivals are expected, with a standard deviation of 141.
  t.ok(Math.abs(arrivals.length - 20_000) < 500, String(arrivals.length))
  const heavy = arrivals.filter(({ isHeavy }) => isHeavy).length / arrivals.length
  t.ok(Math.abs(heavy - 0.1) < 0.01, String(heavy))
  t.notOk(drawArrivals({ ...asked, heavyShare: 0 }).some(({ isHeavy }) => isHeavy))
})

t.test('gaps are those of a Poisson process: exponential, and of each other nothing is known', async t => {
  const arrivals = drawArrivals({ ...asked, seconds: 10 })
  const gaps = arrivals.slice(1).map(({ at }, i) => at - arrivals[i]!.at)
  const mean = meanOf(gaps)
  // The mean of exponential gaps equals their standard deviation, and a share of 1/e is longer than it.
  const variance = meanOf(gaps.map(gap => (gap - mean) ** 2))
  t.ok(Math.abs(mean - 0.1) < 0.002, `mean ${mean}`)
  t.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.03, `deviation ${Math.sqrt(variance)}`)
  const long = gaps.filter(gap => gap > mean).length / gaps.length
  t.ok(Math.abs(long - 1 / Math.E) < 0.01, `long ${long}`)
  const products = gaps.slice(1).map((gap, i) => (gap - mean) * (gaps[i]! - mean))
  t.ok(Math.abs(meanOf(products) / variance) < 0.02, 'a gap says nothing of the next')
})

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
