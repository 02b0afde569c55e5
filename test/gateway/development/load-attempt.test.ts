import t from 'tap'
import { isCancelled, LoadAttempt, slowAfter } from '../../../gateway/development/load-attempt.js'
import { HeldTime } from '../../helpers/held-time.js'

t.test('an attempt is cancelled only once it takes long, with an error that says for what', async t => {
  const time = new HeldTime(t)
  let slow = 0
  const attempt = new LoadAttempt(() => slow++)
  attempt.cancel('a file was saved')
  time.pass(slowAfter - 1)
  t.equal(attempt.signal.aborted, false)
  time.pass(1)
  t.equal(slow, 1)
  t.equal(attempt.signal.aborted, true)
  t.match(attempt.signal.reason, { code: 'HANDLERS_INVALID', message: /: a file was saved$/ })
  t.ok(isCancelled(attempt.signal.reason))
  t.notOk(isCancelled(new Error('another one')))
})

t.test('an attempt that takes long already is cancelled at once, and one that is over never is', async t => {
  const time = new HeldTime(t)
  const [slow, over] = [new LoadAttempt(() => {}), new LoadAttempt(() => t.fail('it is over'))]
  over.end()
  time.pass(slowAfter)
  for (const attempt of [slow, over]) attempt.cancel('another reload was asked for')
  t.same(
    [slow, over].map(({ signal }) => signal.aborted),
    [true, false]
  )
})
