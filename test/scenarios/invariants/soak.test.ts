/**
 * The short form of `npm run soak`, which must find a quick leak. Slow growth is found only by the long form.
 */

import t, { type Test } from 'tap'
import { startProxy, startWithTwoWorkers } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { runSoak } from '../../helpers/soak.js'
import { judgeTrend } from '../../helpers/trend.js'

const handlers = fixture('handlers-resume')

/** Limit in MiB per hour. The heap does not settle within seconds, so only fast growth can be recognised. */
const most = 10_000

/**
 * The window is longer than a client needs to notice a loss of which only the gateway was told, and to try a
 * few times to come back, on a machine without time to spare, too. There, a request may take longer than
 * the default allows. A visitor may be cut off while they leave: heartbeats let the gateway notice that
 * before all sessions must have ended.
 */
const options = { resumeWindow: 20_000, heartbeat: 2_000, requestTimeout: 0 }

async function soak(t: Test, keep: (sid: number) => void) {
  const { gateway } = await startWithTwoWorkers(t, handlers, options)
  gateway.sessions.on('closed', ({ id }) => keep(id))
  const proxy = await startProxy(t, gateway.address.port)
  const report = await runSoak({ gateway, proxy, workers: 2, players: 20, ms: 2_400, sampleEvery: 200 })
  t.comment(JSON.stringify(report))
  return report
}

t.test('under a steady load all is answered, all comes, and what is left over is nothing', async t => {
  const report = await soak(t, () => {})
  t.same(report.faults, [])
  const failed = Object.values(report.errors).reduce((sum, each) => sum + each, 0)
  t.equal(report.replies + failed, report.requests)
  t.equal(report.eventsReceived, report.eventsSent)
  t.equal(report.marksFound, report.marksAnswered)
  t.ok(report.visits > 10, `${report.visits} came and went`)
  t.same(Object.keys(report.heaps).sort(), ['gateway', 'worker 0', 'worker 1'])
  for (const [name, trend] of Object.entries(report.heaps)) t.equal(judgeTrend(name, trend, most), undefined)
})

t.test('whoever keeps something of each session that has ended is found', async t => {
  const kept: unknown[] = []
  const report = await soak(t, sid => kept.push(new Array(50_000).fill(sid)))
  t.match(judgeTrend('the heap', report.heaps['gateway']!, most), /^the heap grows by/)
})
