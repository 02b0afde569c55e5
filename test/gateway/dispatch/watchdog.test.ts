/** The watchdog, and a worker whose event loop an operator has stopped. */
import t from 'tap'
import { pulsesPerVerdict, Watchdog } from '../../../gateway/dispatch/watchdog.js'
import { Examination } from '../../../gateway/pool/examination.js'
import type { Worker } from '../../../gateway/pool/worker.js'
import { createClaimTable } from '../../../shared/link/claims.js'
import { createLogger } from '../../../shared/text/log.js'
import { until } from '../../helpers/until.js'

t.test('a worker whose event loop stands still is ended, but not during a heap snapshot', async t => {
  let [ended, checks, judged] = [0, 0, 0]
  const examination = new Examination(() => judged++)
  const worker = {
    index: 0,
    state: 'up',
    claims: createClaimTable(),
    examination,
    load: { progress: 0 },
    ending: { killStuck: () => ended++ }
  } as unknown as Worker
  const watchdog = new Watchdog({
    pool: { up: [worker], alive: [worker], renew: () => {} },
    queue: { hasWorkFor: () => false },
    timeLimits: { areOff: false, look: () => checks++ },
    stuckAfter: 5,
    log: createLogger('silent', () => {})
  })
  t.teardown(() => watchdog.close())
  let answer = () => {}
  void examination.last(new Promise<void>(resolve => (answer = resolve)))
  // A second one that fails does not end the first.
  void examination.last(Promise.reject(new Error('the worker could not do it')))
  await until('the second one is over', () => judged === 1)
  checks = 0
  await until('the watchdog has looked often', () => checks > 3 * pulsesPerVerdict)
  t.same([ended, examination.isOn, watchdog.readyWorkers.length], [0, true, 1])
  answer()
  await until('the first one is over', () => judged === 2)
  await until('it is ended', () => ended === 1)
  t.notOk(examination.isOn)
})
