import t from 'tap'
import { readMemory, watchMemory } from '../../../bench/readings/memory.js'
import { HeldTime } from '../../helpers/held-time.js'

t.test('memory that stays is watched as such, and what grows is found', async t => {
  new HeldTime(t).flow()
  t.equal(await watchMemory(200, () => 5_000), 1)
  let held = 0
  t.ok((await watchMemory(400, () => ++held)) > 1.5)
  let garbage = 0
  const sawtooth = () => 100 + (++garbage % 2) * 50
  t.equal(await watchMemory(800, sawtooth), 1, 'garbage that comes and goes is no growth')
})

t.test('what a process holds is some megabytes', async t => {
  new HeldTime(t).flow()
  t.ok(readMemory() > 2 ** 20)
  t.ok((await watchMemory(100)) > 0)
})
