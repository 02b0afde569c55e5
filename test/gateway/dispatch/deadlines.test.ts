/** A sweep of deadlines, and requests that end while it goes on. */
import t from 'tap'
import { closeCodes } from '../../../shared/close-codes.js'
import { startCore, tick } from '../../helpers/core.js'
import { matchRows } from '../../helpers/match-rows.js'

t.test('a timeout whose answer ends another session leaves the requests of that session alone', async t => {
  const core = await startCore({ workers: 1 })
  t.teardown(() => core.close())
  const [first, second] = [core.connect(), core.connect()]
  const receiver = first.session.receiver!
  const { error } = receiver
  Object.assign(receiver, {
    error: (id: number, data: never) => {
      error.call(receiver, id, data)
      core.dispatcher.sessionEnded(second.session)
      core.registry.end(second.session, { code: closeCodes.flooded, reason: '', kickReason: null })
      core.request(first, 2)
    }
  })
  // Both wait, since the only worker is busy with another session.
  const busy = core.connect()
  core.request(busy, 1)
  await tick()
  core.request(first, 1, 'short')
  core.request(second, 1, 'short')
  core.clock += 60
  core.deadlines.sweep(core.clock)
  matchRows(t, first.replies, [{ id: 1, error: { code: 'TIMEOUT' } }])
  t.same(second.replies, [])
  const { timeouts, handlersGivenUp } = core.metrics.read()
  t.same({ timeouts, handlersGivenUp }, { timeouts: 1, handlersGivenUp: 0 })
  t.equal(core.requests.undecided, 2, 'the busy one, and the one that came of the answer')
})
