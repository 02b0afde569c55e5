import { EventEmitter, getEventListeners } from 'node:events'
import t from 'tap'
import { LoadAttempt } from '../../../gateway/development/load-attempt.js'

t.test('as many workers as there are may wait for it, without a warning of a leak', async t => {
  const warnings: string[] = []
  const note = ({ name }: Error) => warnings.push(name)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const attempt = new LoadAttempt(() => {})
  const workers = EventEmitter.defaultMaxListeners * 4
  for (let n = 0; n < workers; n++) attempt.signal.addEventListener('abort', () => {})
  attempt.end()
  t.equal(getEventListeners(attempt.signal, 'abort').length, workers)
  // Warnings are emitted in the next tick.
  await new Promise(resolve => setImmediate(resolve))
  t.same(warnings, [])
})
