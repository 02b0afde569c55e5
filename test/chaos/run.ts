/** `npm run chaos`: for as long as one likes, with its figures. Whatever it has started ends by itself. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { runChaos } from '../helpers/chaos.js'
import { JumpingClock } from '../helpers/jumping-clock.js'
import { judgeTrend } from '../helpers/trend.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    players: { type: 'string', default: '500' },
    'most-per-hour': { type: 'string', default: '1000' }
  }
})
const handlers = fileURLToPath(new URL('../../../test/fixtures/handlers-resume', import.meta.url))
const clocks = { gateway: new JumpingClock(), client: new JumpingClock() }
const { now } = clocks.gateway
const gateway = await createGateway({
  handlers,
  port: 0,
  workers: 2,
  logLevel: 'silent',
  stuckAfter: 1_000,
  now
})
const proxy = await TcpProxy.open(gateway.address.port)
const ms = Number(values.seconds) * 1_000
const report = await runChaos({
  gateway,
  proxy,
  clocks,
  players: Number(values.players),
  ms,
  sampleEvery: Math.min(1_000, ms / 20)
})
await proxy.close()
await gateway.close()
const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
process.stdout.write(`${JSON.stringify({ ...report, rssMb }, null, 2)}\n`)
const grown = judgeTrend('the memory of the process', report.rss, Number(values['most-per-hour']))
if (grown !== undefined) process.stdout.write(`FAILED: ${grown}\n`)
process.exitCode = report.faults.length > 0 || grown !== undefined ? 1 : 0
