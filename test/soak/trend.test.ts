/** The gate of the long runs: growth is found, and swings are not taken for growth. */
import t from 'tap'
import { judgeTrend, measureTrend, type Sample, Sampler, troughs } from '../helpers/trend.js'

const mib = 2 ** 20

/** Returns an hour of samples, one for each minute. */
function sampleHour(mibAt: (minute: number) => number): Sample[] {
  return Array.from({ length: 60 }, (_, minute) => ({ ms: minute * 60_000, bytes: mibAt(minute) * mib }))
}

t.test('samples on a line have the slope of the line', async t => {
  t.same(measureTrend(sampleHour(minute => 100 + minute)), { samples: 30, from: 130, to: 159, perHour: 60 })
  t.equal(measureTrend(sampleHour(() => 100)).perHour, 0)
  t.equal(measureTrend(sampleHour(minute => 100 - minute / 2)).perHour, -30)
})

t.test('the memory of a warm-up does not count', async t => {
  t.equal(measureTrend(sampleHour(minute => Math.min(minute, 25))).perHour, 0)
})

t.test('a leak smaller than the swing of the samples is found, and a swing alone is no leak', async t => {
  const swing = (minute: number) => (minute % 2 === 0 ? 5 : -5)
  const leaking = measureTrend(sampleHour(minute => 100 + minute / 2 + swing(minute)))
  t.match(
    judgeTrend('the heap', leaking, 20),
    /^the heap grows by [\d.]+ MiB per hour \([\d.]+ to [\d.]+ MiB in the second half\), and may grow by 20$/
  )
  t.ok(Math.abs(leaking.perHour - 30) < 3, `${leaking.perHour}`)
  t.equal(judgeTrend('the heap', measureTrend(sampleHour(minute => 100 + swing(minute))), 20), undefined)
})

t.test('a rise below the swing that is stated is no growth, and a greater one is', async t => {
  const trend = measureTrend(sampleHour(minute => 100 + minute))
  t.equal(trend.to - trend.from, 29)
  t.equal(judgeTrend('the heap', trend, 20, 29), undefined)
  t.match(judgeTrend('the heap', trend, 20, 28), /^the heap grows by 60 MiB per hour/)
})

t.test('too few samples say nothing', async t => {
  t.throws(() => measureTrend(sampleHour(() => 1).slice(0, 8)), {
    message: 'A trend needs 10 samples at least, got 8'
  })
})

t.test('a sampler keeps what it reads by name, and goes on for as long as it is told', async t => {
  let read = 0
  const sampler = new Sampler(2, async () => ({ grows: ++read * mib, stays: mib }))
  await sampler.run(40)
  t.equal(read, 21)
  const { grows, stays } = sampler.trends()
  t.ok(grows!.perHour > 0)
  t.match(stays, { samples: 11, from: 1, to: 1, perHour: 0 })
})

t.test('a sample that fails ends the run', async t => {
  const sampler = new Sampler(1, () => Promise.reject(new Error('no heap')))
  await t.rejects(sampler.run(10), { message: 'no heap' })
})

t.test('memory that comes and goes is no growth, and memory that stays below it is', async t => {
  const run = (stays: number): readonly Sample[] =>
    Array.from({ length: 300 }, (_, second) => ({
      ms: second * 1000,
      // The memory of a worker that is lost ever more often, because it runs out of memory.
      bytes:
        (200 + stays * second + (second % Math.max(2, 9 - Math.floor(second / 40)) === 0 ? 60 : 0)) * 2 ** 20
    }))
  t.ok(measureTrend(run(0)).perHour > 100, 'all samples together seem to grow')
  t.equal(measureTrend(troughs(run(0))).perHour, 0)
  t.equal(Math.round(measureTrend(troughs(run(1))).perHour / 100), 36)
})
