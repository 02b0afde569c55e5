/** The short form of `npm run truth`. */

import t from 'tap'
import { startProxy, startWithTwoWorkers } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { runTruth } from '../../helpers/truth.js'

const handlers = fixture('handlers-resume')

t.test('60 players whose connections are cut all the time get everything, in order and once', async t => {
  // On a machine without time to spare, a request may take longer than the default allows.
  const { gateway } = await startWithTwoWorkers(t, handlers, { requestTimeout: 0 })
  const proxy = await startProxy(t, gateway.address.port)
  const report = await runTruth({
    gateway,
    proxy,
    players: 60,
    events: 15_000,
    ms: 6_000,
    cutEvery: 2_000
  })
  t.comment(JSON.stringify(report))
  t.same(report.faults, [])
  t.equal(report.eventsReceived, report.eventsSent)
  t.equal(report.repliesReceived, report.requestsSent)
  t.ok(report.resumed > 60, 'they were cut, and came back')
  t.match(gateway.metrics(), { sessionsOpened: 60, resumesFailed: 0 })
})
