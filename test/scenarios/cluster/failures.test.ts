/** Short forms of `npm run failures`, over the same three gateways one after the other. */
import t, { type Test } from 'tap'
import type { ClusterReport } from '../../helpers/cluster/cluster-report.js'
import { runCrash, runOutage, runOutages, runRolling, runStopped } from '../../helpers/cluster/failures.js'
import { Gateways } from '../../helpers/cluster/gateways.js'
import { fixture } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'

t.test('three gateways under players', { skip: whyNo('nats-server'), timeout: 200_000 }, async t => {
  const count = 3
  const gateways = await Gateways.start(
    {
      count,
      handlers: fixture('handlers-cluster'),
      options: { singleSession: 'reject', leaseTtl: 1_500, drainSpread: 300 }
    },
    t
  )
  const init = { gateways, count, players: 12 }

  const check = (t: Test, report: ClusterReport) => {
    t.comment(JSON.stringify(report))
    t.same(report.faults, [])
    t.equal(report.marksFound, report.marksAnswered)
    t.ok(report.replies > 0 && report.eventsCame > 0, 'there was something to lose')
  }

  await t.test('a gateway that is stopped keeps nobody else waiting, and goes on where it was', async t =>
    check(t, await runStopped({ ...init, ms: 1_000 }))
  )

  await t.test('NATS is killed again and again, and no reliable event is lost', async t => {
    const report = await runOutages({ ...init, times: 3 })
    check(t, report)
    t.equal(report.eventsCame, report.eventsSent)
  })

  await t.test(
    'while NATS is away own players play on, new logins are told why not, and events wait',
    async t => {
      const report = await runOutage({ ...init, ms: 2_000 })
      check(t, report)
      t.equal(report.eventsCame, report.eventsSent)
    }
  )

  await t.test("a killed gateway's users are in again, and no other session is touched", async t => {
    const report = await runCrash(init)
    check(t, report)
    t.ok(report.lostWithIt > 0)
  })

  await t.test('a rolling restart with changed handlers loses no session, event or count', async t => {
    const report = await runRolling({ ...init, players: 12, next: fixture('handlers-cluster-next') })
    check(t, report)
    t.same(report.errors, {})
    t.equal(report.eventsCame, report.eventsSent)
    t.equal(report.lost, 0)
    t.ok(report.moved > 0)
  })
})
