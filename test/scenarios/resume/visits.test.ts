/** The short form of `npm run soak -- --visits`. Only the long form judges how long players wait. */

import t from 'tap'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { runVisits } from '../../helpers/visits.js'

const handlers = fixture('handlers-resume')

t.test('visitors who break off take no more than they may, and no honest player loses anything', async t => {
  const [maxDetachedSessionsPerAddress, maxDetachedBytes] = [20, 8_388_608]
  const { gateway } = await startGateway(t, handlers, { maxDetachedSessionsPerAddress, maxDetachedBytes })
  const proxy = await startProxy(t, gateway.address.port)
  const crowd = { ms: 6_000, perSecond: 50, addresses: 5, length: 60_000 }
  const report = await runVisits({ gateway, proxy, alone: 500, ...crowd })
  t.comment(JSON.stringify(report))
  t.same(report.faults, [])
  t.same(report.failures, {})
  t.ok(report.returns > 0, `one came back ${report.returns} times, and found all`)
  t.same(report.visited.refused, {})
  t.ok(report.visited.requests > 0, 'and another was answered all the time')
  t.ok(report.visits > 70, `${report.visits} visits: more than may stay`)
  t.ok(report.mostDetachedBytes <= maxDetachedBytes, `${report.mostDetachedBytes} bytes at most`)
  t.ok(gateway.metrics().detachedSessionsEvicted > 0)
})
