/**
 * `npm run chaos`: runs the chaos test and prints its figures. Fails if anything is left over in the process.
 */
import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { chaosOptions, runChaos } from '../helpers/chaos.js'
import { JumpingClock } from '../helpers/jumping-clock.js'
import { takeStock, waitForNoLeftovers } from '../helpers/leftovers.js'
import { StallingLog } from '../helpers/stalling-log.js'
import { judgeTrend } from '../helpers/trend.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    players: { type: 'string', default: '500' },
    'most-per-hour': { type: 'string', default: '1000' }
  }
})
const stock = takeStock()
const clock = new JumpingClock()
clock.install()
const log = new StallingLog()
const gateway = await createGateway({ ...chaosOptions, port: 0, log: log.log })
const proxy = await TcpProxy.open(gateway.address.port)
const ms = Number(values.seconds) * 1_000
const report = await runChaos({
  gateway,
  proxy,
  clock,
  log,
  players: Number(values.players),
  ms,
  sampleEvery: Math.min(1_000, ms / 20)
})
await proxy.close()
await gateway.close()
const left = await waitForNoLeftovers(stock)
const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
process.stdout.write(`${JSON.stringify({ ...report, rssMb, left }, null, 2)}\n`)
const grown = judgeTrend('the memory of the process', report.rss, Number(values['most-per-hour']))
if (grown !== undefined) process.stdout.write(`FAILED: ${grown}\n`)
process.exitCode = report.faults.length > 0 || left.length > 0 || grown !== undefined ? 1 : 0
