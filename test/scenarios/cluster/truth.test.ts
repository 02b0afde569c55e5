/** The short form of `npm run truth -- --cluster 3`. */
import t from 'tap'
import { runClusterTruth } from '../../helpers/cluster/cluster-truth.js'
import { Gateways } from '../../helpers/cluster/gateways.js'
import { fixture } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'

t.test(
  'players who are cut, and whose gateways are drained, get everything once and in order, wherever they are',
  { skip: whyNo('nats-server'), timeout: 120_000 },
  async t => {
    const count = 3
    const gateways = await Gateways.start(
      {
        count,
        handlers: fixture('handlers-cluster'),
        options: { drainSpread: 300, maxQueueDelay: 0, handoverTimeout: 60_000 }
      },
      t
    )
    const report = await runClusterTruth({
      gateways,
      count,
      players: 20,
      rate: 10,
      ms: 6_000,
      cutEvery: 1_000,
      drainEvery: 2_000
    })
    t.comment(JSON.stringify(report))
    t.same(report.faults, [])
    t.equal(report.eventsCame, report.eventsSent)
    t.equal(report.replies, report.requests)
    t.ok(report.drains > 0 && report.moved > 0, 'sessions moved')
    t.equal(report.lost, 0)
  }
)
