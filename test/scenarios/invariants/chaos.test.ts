/** The short form of `npm run chaos`. */
import t from 'tap'
import { chaosOptions, runChaos } from '../../helpers/chaos.js'
import { canLimitFiles } from '../../helpers/file-limit.js'
import { startProxy, startWithTwoWorkers } from '../../helpers/gateway.js'
import { JumpingClock } from '../../helpers/jumping-clock.js'
import { takeStock, waitForNoLeftovers } from '../../helpers/leftovers.js'
import { StallingLog } from '../../helpers/stalling-log.js'

t.test(
  'under chaos each request ends once, what was answered is kept, and nothing is left over',
  { timeout: 120_000 },
  async t => {
    const clock = new JumpingClock()
    t.teardown(clock.install())
    const stock = takeStock()
    const { handlers, ...options } = chaosOptions
    const log = new StallingLog()
    const { gateway } = await startWithTwoWorkers(t, handlers, { ...options, log: log.log })
    const proxy = await startProxy(t, gateway.address.port)
    const report = await runChaos({ gateway, proxy, clock, log, players: 30, ms: 10_000, sampleEvery: 500 })
    t.comment(JSON.stringify(report))
    t.same(report.faults, [])
    t.equal(report.eventsReceived, report.eventsSent)
    t.equal(report.marksFound, report.marksAnswered)
    const failed = Object.values(report.errors).reduce((sum, each) => sum + each, 0)
    t.equal(report.replies + failed, report.requests)
    t.ok(report.workersLost > 0 && report.resumed > 0, 'workers died, and clients came back')
    await proxy.close()
    await gateway.close()
    t.same(await waitForNoLeftovers(stock), [], 'no file, socket, timer, thread or listener is left over')
    const faults = [
      'jumps of the clock',
      'moods of the log',
      'silent sockets',
      'player.hang',
      'visits that left all they could'
    ]
    if (canLimitFiles) faults.push('shortages of files')
    for (const fault of faults) t.ok(report.made[fault]! > 0, `there were ${fault}`)
    t.ok(
      report.met['handlersGivenUp']! > 0 && report.rss.samples > 5,
      'handlers hung, and memory was looked at'
    )
  }
)
