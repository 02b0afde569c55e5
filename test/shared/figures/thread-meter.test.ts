import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { figureNames } from '../../../shared/figures/thread-figures.js'
import { ThreadMeter } from '../../../shared/figures/thread-meter.js'

t.test('the meter sees that its event loop was blocked, and reads all figures', async t => {
  const meter = new ThreadMeter()
  t.teardown(() => meter.close())
  const figures = meter.read()
  t.same(Object.keys(figures).sort(), [...figureNames].sort())
  for (const name of figureNames) t.ok(Number.isFinite(figures[name]) && figures[name] >= 0, name)
  // The meter samples from a timer, so that it has to have begun to run before the block.
  while (meter.read().delayMax < 0.1) {
    await setTimeout(20)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
    await setTimeout(20)
  }
  t.ok(meter.read().busy >= figures.busy)
})
