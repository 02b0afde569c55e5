/** Percentiles of latencies. */
import t from 'tap'
import { Latencies } from '../../../../bench/peers/load/latencies.js'

t.test('percentiles are times that were measured, in microseconds, whatever their order', async t => {
  const latencies = new Latencies()
  for (let i = 100; i > 0; i--) latencies.record(i)
  t.same(latencies.percentiles([50, 99, 100]), [50_000, 99_000, 100_000])
  t.equal(latencies.count, 100)
})

t.test('what was before a reset is not counted', async t => {
  const latencies = new Latencies()
  latencies.record(1000)
  latencies.reset()
  latencies.record(1)
  t.same(latencies.percentiles([99]), [1000])
  t.equal(latencies.count, 1)
})

t.test('more times than there was room for are all kept', async t => {
  const latencies = new Latencies()
  const count = 300_000
  for (let i = 1; i <= count; i++) latencies.record(i)
  t.same(latencies.percentiles([50, 100]), [(count / 2) * 1000, count * 1000])
})
