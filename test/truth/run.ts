/** `npm run truth`: runs the test of truth and prints its figures; with `--cluster N` over N gateways. */

import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { runClusterTruth } from '../helpers/cluster/cluster-truth.js'
import { Gateways } from '../helpers/cluster/gateways.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { fixture } from '../helpers/paths.js'
import { runTruth } from '../helpers/truth.js'

const values = readCommandOptions({
  seconds: { type: 'string', default: '60' },
  players: { type: 'string', default: '200' },
  events: { type: 'string', default: '100000' },
  cluster: { type: 'string', default: '0' }
})
const [players, events, ms] = [Number(values.players), Number(values.events), Number(values.seconds) * 1_000]
const count = Number(values.cluster)

async function runAlone() {
  const gateway = await createGateway({ handlers: fixture('handlers-resume'), port: 0, logLevel: 'error' })
  const proxy = await TcpProxy.open(gateway.address.port)
  const report = await runTruth({ gateway, proxy, players, events, ms, cutEvery: 2_000 })
  await proxy.close()
  await gateway.close()
  return report
}

async function runOverCluster() {
  const ends: (() => Promise<void>)[] = []
  try {
    const gateways = await Gateways.start(
      // Each request has to run, and in order: none is refused since others wait for long.
      {
        count,
        handlers: fixture('handlers-cluster'),
        options: { maxQueueDelay: 0, handoverTimeout: 60_000 }
      },
      { teardown: end => ends.push(end) }
    )
    const rate = events / players / (ms / 1_000)
    return await runClusterTruth({ gateways, count, players, rate, ms, cutEvery: 1_000, drainEvery: 3_000 })
  } finally {
    for (const end of ends) await end()
  }
}

const report = await (count === 0 ? runAlone() : runOverCluster())
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exitCode = report.faults.length > 0 ? 1 : 0
