import { mock } from 'node:test'
import t from 'tap'
import { Condition } from '../../../gateway/cluster/condition.js'
import type { MembershipListener } from '../../../gateway/cluster/members/membership.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { createLogger } from '../../../shared/text/log.js'
import { matchRows } from '../../helpers/match-rows.js'

t.test(
  'that a gateway is cut off is told at once and each minute, with the time since, until it is well',
  async t => {
    mock.timers.enable({ apis: ['setInterval'] })
    t.teardown(() => mock.timers.reset())
    let now = 0
    const lines: unknown[] = []
    const listeners: MembershipListener[] = []
    const [bus, members] = [
      { isUp: true },
      { isDegraded: false, watch: (listener: MembershipListener) => listeners.push(listener) }
    ]
    const metrics = new Metrics()
    const condition = new Condition({
      bus,
      members,
      endsUsers: false,
      servers: 'nats://game:4222',
      log: createLogger('debug', (level, message, fields) => lines.push({ level, message, ...fields })),
      metrics,
      monotonic: () => now
    })
    const change = (isDegraded: boolean) => {
      members.isDegraded = isDegraded
      for (const listener of listeners) listener.stateChanged!(isDegraded)
    }
    const pass = (ms: number) => {
      now += ms
      mock.timers.tick(ms)
    }
    change(false)
    t.same(
      [lines, condition.trouble, metrics.read().clusterUp],
      [[], undefined, 1],
      'it is well from the start'
    )

    bus.isUp = false
    change(true)
    change(true)
    const why = 'there is no connection to NATS at nats://game:4222. Its own players play on'
    t.same([condition.trouble, metrics.read().clusterUp], [why, 0])
    matchRows(t, lines, [{ level: 'error', message: /cut off/, why, ms: undefined }], 'once')
    pass(59_999)
    t.equal(lines.length, 1)
    bus.isUp = true
    pass(1)
    matchRows(t, lines.slice(1), [
      { level: 'error', why: /JetStream does not answer, or another gateway has this name/, ms: 60_000 }
    ])
    pass(5_000)
    change(false)
    matchRows(t, lines.slice(2), [{ level: 'info', message: /back in its cluster/, ms: 65_000 }])
    pass(120_000)
    t.equal(lines.length, 3, 'nothing more is told')

    change(true)
    condition.close()
    pass(120_000)
    t.equal(lines.length, 4, 'nor of a gateway that has left')
  }
)

t.test('where the option `fence` ends the sessions of users, nobody is told that they play on', t => {
  const lines: string[] = []
  const condition = new Condition({
    bus: { isUp: false },
    members: { isDegraded: true, watch: () => {} },
    endsUsers: true,
    servers: 'nats://game:4222',
    log: createLogger('debug', (_level, message, fields) => lines.push(`${message}: ${fields?.['why']}`)),
    metrics: new Metrics(),
    monotonic: () => 0
  })
  condition.close()
  t.match(condition.trouble, /^there is no connection .*\. The sessions of users end when its lease is over/)
  t.same(lines, [`The gateway is cut off from its cluster: ${condition.trouble}`])
  t.end()
})
