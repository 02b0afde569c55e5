/** A worker that runs out of memory, over real sockets and threads. */

import t from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-limits')

t.test('a worker that is out of memory is replaced: sessions and sockets are untouched', async t => {
  const { connect, gateway, lines } = await startGateway(t, handlers, {
    workers: 1,
    workerHeap: 48,
    // On a busy machine V8 may need many seconds to fill the heap.
    stuckAfter: 0,
    requestTimeout: 0,
    isolation: 'thread'
  })
  const [culprit, other, patient] = [await connect(), await connect(), await connect()]
  const waiting = other.request('fault.wait')
  await until('the other waits', () => other.events.length === 1)
  const filling = culprit.request('memory.fill')
  await until('it fills', () => gateway.metrics().requestsRunning === 2)
  const rest = patient.request('work.quick')
  await t.rejects(filling, { code: 'HANDLER_FATAL', message: /out of memory/ })
  await t.rejects(waiting, { code: 'WORKER_LOST' })
  t.equal(await rest, 1, 'what had not started runs in the replacement')
  t.equal(await culprit.request('work.quick'), 2, 'and so does what comes then')
  t.match(gateway.metrics(), { sessions: 3, workersLost: 1, workersStuck: 0, connectionsClosed: 0 })
  matchRows(
    t,
    lines.filter(({ level }) => level === 'error'),
    [{ message: 'A worker ended', fields: { cause: 'out of memory', route: 'memory.fill' } }]
  )
})
