/** When time limits are off: while an inspector is open, in the gateway or in a worker. */
import t, { type Test } from 'tap'
import { TimeLimits } from '../../../gateway/limits/time-limits.js'
import { createLogger } from '../../../shared/text/log.js'

function begin() {
  const seen: string[] = []
  const log = createLogger('debug', (_level, message) => seen.push(message))
  const world = { open: false, seen }
  const find = () => (world.open ? '127.0.0.1:9229' : undefined)
  const limits = new TimeLimits({ log, onBack: () => seen.push('back'), find })
  return { world, limits, seen }
}

const off = 'Time limits are off: an inspector is open'
const on = 'Time limits are on again: no inspector is open'

t.test("the limits are off while the gateway's inspector is open, with one line at each change", async t => {
  const { world, limits, seen } = begin()
  limits.look()
  t.equal(limits.areOff, false)
  world.open = true
  limits.look()
  limits.look()
  t.equal(limits.areOff, true)
  world.open = false
  limits.look()
  limits.look()
  t.equal(limits.areOff, false)
  t.same(seen, [off, on, 'back'])
})

t.test('the limits are off until the last worker has closed its inspector or has ended', async t => {
  const { limits, seen } = begin()
  const [red, blue] = [{}, {}]
  limits.note(red, '127.0.0.1:9230')
  limits.note(blue, '127.0.0.1:9231')
  limits.note(red, null)
  t.equal(limits.areOff, true)
  limits.note(blue, null)
  t.same(seen, [off, on, 'back'])
})

t.test(
  'a worker whose arguments ask for an inspector has one from its start, until it says otherwise',
  async t => {
    const { limits } = begin()
    const [red, blue] = [{}, {}]
    limits.noteAsked(red)
    limits.noteAsked(blue)
    limits.note(blue, '127.0.0.1:9231')
    limits.started(blue)
    t.equal(limits.areOff, true)
    limits.note(blue, null)
    t.equal(limits.areOff, true, 'the other one may wait for a debugger')
    limits.started(red)
    t.equal(limits.areOff, false, 'it has started, and has told of none')
  }
)

t.test('a limit that is reached while the limits are off begins anew', async t => {
  const timers = holdTimers(t)
  const { world, limits, seen } = begin()
  limits.after(1_000, () => seen.push('first'))
  const stop = limits.after(1_000, () => seen.push('stopped'))
  stop()
  world.open = true
  timers.run()
  world.open = false
  timers.run()
  t.same(seen, [off, on, 'back', 'first'])
})

/** Replaces `setTimeout` for a test: the timers run when the test says so. */
function holdTimers(t: Test): { run(): void } {
  const waiting = new Map<object, () => void>()
  const set = (act: () => void) => {
    const timer = {}
    waiting.set(timer, act)
    return timer
  }
  t.intercept(globalThis, 'setTimeout', { value: set })
  t.intercept(globalThis, 'clearTimeout', { value: (timer: object) => void waiting.delete(timer) })
  return {
    run() {
      const due = [...waiting.values()]
      waiting.clear()
      for (const act of due) act()
    }
  }
}
