/** The short form of `npm run chaos -- --cluster 3`. */
import t from 'tap'
import { clusterChaosOptions, runClusterChaos } from '../../helpers/cluster/cluster-chaos.js'
import { Gateways } from '../../helpers/cluster/gateways.js'
import { fixture } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'

t.test(
  'under chaos over a cluster nothing is lost but with a killed gateway, and nothing is left over',
  { skip: whyNo('nats-server'), timeout: 180_000 },
  async t => {
    const count = 3
    const options = { ...clusterChaosOptions, leaseTtl: 2_500, drainSpread: 300 }
    const gateways = await Gateways.start({ count, handlers: fixture('handlers-cluster'), options }, t)
    const report = await runClusterChaos({ gateways, count, players: 12, ms: 10_000, faultEvery: 2_500 })
    t.comment(JSON.stringify(report))
    // NATS is away for longer than events wait for the order of their sender at a move.
    t.same(
      report.faults.filter(fault => !/ out of order$/m.test(fault)),
      []
    )
    t.equal(report.marksFound, report.marksAnswered)
    t.same(report.left, [], 'no file, socket, timer, thread or listener is left over')
    t.ok(report.cuts > 0 && Object.keys(report.made).length > 2, 'there was chaos')
  }
)
