/** How long the process stood still. */
import { mock } from 'node:test'
import t from 'tap'
import { StallMeter } from '../../../gateway/limits/stall-meter.js'

t.test('a look that comes late tells by how much, unless only the gateway’s clock was passed on', async t => {
  let real = 0
  const { mock: now } = mock.method(performance, 'now', () => real)
  t.teardown(() => now.restore())
  const meter = new StallMeter(100)
  let clock = 5_000
  meter.begin(clock)
  const look = (clockPasses: number, realPasses: number) => {
    clock += clockPasses
    real += realPasses
    return meter.look(clock)
  }
  t.equal(look(100, 100), 0)
  t.equal(look(200, 200), 0, 'less than an interval too late')
  t.equal(look(201, 201), 101)
  t.equal(look(100, 100), 0)
  t.equal(look(60_000, 100), 0, 'a test has passed it on')
  t.equal(look(100, 60_000), 0, 'a test holds it')
  t.equal(look(60_000, 60_000), 59_900)
})
