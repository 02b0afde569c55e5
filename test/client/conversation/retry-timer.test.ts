/** The wait until the next attempt to connect. */
import t from 'tap'
import type { BackOff } from '../../../client/conversation/back-off.js'
import { RetryTimer } from '../../../client/conversation/retry-timer.js'

t.test('what the game asks for holds until an attempt begins, before hints and the back-off', t => {
  const waits: unknown[] = []
  const before = globalThis.setTimeout
  t.teardown(() => (globalThis.setTimeout = before))
  globalThis.setTimeout = ((_start: unknown, ms: number) => waits.push(ms)) as unknown as typeof setTimeout
  const timer = new RetryTimer({ next: () => 7, succeeded() {} } as unknown as BackOff, () => {})
  timer.schedule()
  timer.schedule(100)
  timer.schedule(3_600_000)
  timer.ask(5)
  timer.schedule()
  timer.schedule(100)
  timer.cancel()
  timer.schedule()
  for (const least of [0, 1_000, 3_600_000]) timer.scheduleBehind(least)
  timer.ask(5)
  timer.scheduleBehind(1_000)
  t.same(waits, [7, 100, 60_000, 5, 5, 7, 7, 1_007, 60_007, 5])
  t.end()
})
