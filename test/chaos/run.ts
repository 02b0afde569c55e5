/**
 * `npm run chaos`: runs the chaos test and prints its figures; with `--cluster N` over N gateways. Fails if
 * anything is left over in a process.
 */
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { chaosOptions, runChaos } from '../helpers/chaos.js'
import { clusterChaosOptions, runClusterChaos } from '../helpers/cluster/cluster-chaos.js'
import { Gateways } from '../helpers/cluster/gateways.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { JumpingClock } from '../helpers/jumping-clock.js'
import { takeStock, waitForNoLeftovers } from '../helpers/leftovers.js'
import { fixture } from '../helpers/paths.js'
import { StallingLog } from '../helpers/stalling-log.js'
import { sweptHeap } from '../helpers/swept-heap.js'
import { judgeTrend } from '../helpers/trend.js'

const values = readCommandOptions({
  seconds: { type: 'string', default: '300' },
  players: { type: 'string', default: '500' },
  'most-per-hour': { type: 'string', default: '1000' },
  cluster: { type: 'string', default: '0' }
})
const ms = Number(values.seconds) * 1_000
const players = Number(values.players)
const count = Number(values.cluster)

/** Twice of what a player's session takes, and is kept for it, while its client is away for some seconds. */
const bytesOfPlayer = 131_072

/** MiB by which the process's memory swings: any worker may be at the beginning or the end of its heap. */
const swing = chaosOptions.workers * chaosOptions.workerHeap

async function runAlone(): Promise<boolean> {
  const stock = takeStock()
  const clock = new JumpingClock()
  clock.install()
  const log = new StallingLog()
  // Players have one address here, and it may not be the one that takes the most memory.
  const maxDetachedBytes = Math.max(chaosOptions.maxDetachedBytes, players * bytesOfPlayer)
  const gateway = await createGateway({ ...chaosOptions, maxDetachedBytes, port: 0, log: log.log })
  const proxy = await TcpProxy.open(gateway.address.port)
  const sampleEvery = Math.min(1_000, ms / 20)
  const report = await runChaos({ gateway, proxy, clock, log, players, ms, sampleEvery })
  await proxy.close()
  await gateway.close()
  const left = await waitForNoLeftovers(stock)
  const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
  const heapMb = Math.round(sweptHeap() / 2 ** 20)
  process.stdout.write(`${JSON.stringify({ ...report, rssMb, heapMb, left }, null, 2)}\n`)
  const most = Number(values['most-per-hour'])
  const grown = judgeTrend('the memory of the process', report.rss, most, swing)
  if (grown !== undefined) process.stdout.write(`FAILED: ${grown}\n`)
  return report.faults.length === 0 && left.length === 0 && grown === undefined
}

async function runOverCluster(): Promise<boolean> {
  const ends: (() => Promise<void>)[] = []
  try {
    const options = { ...clusterChaosOptions, leaseTtl: 2_000 }
    const gateways = await Gateways.start(
      { count, handlers: fixture('handlers-cluster'), options },
      { teardown: end => ends.push(end) }
    )
    const report = await runClusterChaos({ gateways, count, players, ms, faultEvery: 4_000 })
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
    return report.faults.length === 0 && report.left.length === 0
  } finally {
    for (const end of ends) await end()
  }
}

const isWell = await (count === 0 ? runAlone() : runOverCluster())
process.exitCode = isWell ? 0 : 1
