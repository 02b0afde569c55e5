import { mock } from 'node:test'
import t from 'tap'
import { Fence } from '../../../gateway/cluster/fence.js'
import { Registry } from '../../../gateway/sessions/registry.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { createLogger } from '../../../shared/text/log.js'
import { FakeReceiver } from '../../helpers/fake-receiver.js'
import { matchRows } from '../../helpers/match-rows.js'

t.test(
  'sessions with a user end before the lease is over for the others, and those without stay',
  async t => {
    mock.timers.enable({ apis: ['setInterval'] })
    t.teardown(() => mock.timers.reset())
    const registry = new Registry({
      frontendId: 'a',
      singleSession: 'kick',
      maxResumeWindow: 0,
      metrics: new Metrics(),
      now: () => 0
    })
    const [bound, free] = [new FakeReceiver(), new FakeReceiver()]
    registry.open(bound, { protocol: 'json' }, { uid: 'red', settings: [] })
    registry.open(free)
    const members = { hasLease: true }
    const lines: unknown[] = []
    const log = createLogger('debug', (level, message, fields) => lines.push({ level, message, ...fields }))
    const fence = new Fence({ members, registry, log, leaseTtl: 1_000 })
    mock.timers.tick(10_000)
    t.equal(registry.size, 2, 'nothing ends while there is a lease')
    // The holder takes its lease for 50 ms shorter than the others do.
    members.hasLease = false
    mock.timers.tick(49)
    t.equal(registry.size, 1)
    matchRows(t, bound.endings, [[1013, /^the gateway is cut off, come back in \d+ ms$/]])
    t.same(free.endings, [])
    matchRows(t, lines, [{ level: 'warn', sessions: 1 }])
    mock.timers.tick(1_000)
    t.equal(lines.length, 1, 'it is told once')
    fence.close()
    registry.open(new FakeReceiver(), { protocol: 'json' }, { uid: 'blue', settings: [] })
    mock.timers.tick(1_000)
    t.equal(registry.size, 2)
  }
)
