import t from 'tap'
import { durationBounds, Histogram, sizeBounds } from '../../../gateway/telemetry/histogram.js'
import { RouteFigures } from '../../../gateway/telemetry/route-figures.js'

t.test('a value belongs to the first range whose bound it does not exceed', t => {
  const histogram = new Histogram([1, 2, 4])
  for (const value of [0, 1, 1.5, 2, 3, 4, 4.001, 1_000]) histogram.add(value)
  t.same(histogram.counts, [2, 2, 2, 2])
  t.same([histogram.count, histogram.sum], [8, 1_015.501])
  t.end()
})

t.test('the bounds ascend', t => {
  for (const bounds of [durationBounds, sizeBounds])
    t.same(
      bounds,
      bounds.toSorted((a, b) => a - b)
    )
  t.end()
})

t.test('queue time and run time of a request are kept apart, in seconds', t => {
  const figures = new RouteFigures()
  figures.add('ok', 1_000, 1_250, 1_253)
  t.match(figures, { queue: { sum: 0.25, count: 1 }, run: { sum: 0.003, count: 1 }, outcomes: { ok: 1 } })
  figures.add('dropped', 1_000, undefined, 1_500)
  t.match(figures, {
    queue: { sum: 0.75, count: 2 },
    run: { sum: 0.003, count: 1 },
    outcomes: { dropped: 1 }
  })
  t.end()
})
