/** `npm run soak`: for as long as one likes, with its figures. Fails if a heap grows by more than is allowed. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { runSoak } from '../helpers/soak.js'
import { judgeTrend } from '../helpers/trend.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    players: { type: 'string', default: '100' },
    'most-per-hour': { type: 'string', default: '20' }
  }
})
const handlers = fileURLToPath(new URL('../../../test/fixtures/handlers-resume', import.meta.url))
const workers = 2
const gateway = await createGateway({ handlers, port: 0, workers, logLevel: 'silent', resumeWindow: 10_000 })
const proxy = await TcpProxy.open(gateway.address.port)
const ms = Number(values.minutes) * 60_000
const report = await runSoak({
  gateway,
  proxy,
  workers,
  players: Number(values.players),
  ms,
  sampleEvery: Math.min(5_000, ms / 60)
})
await proxy.close()
await gateway.close()
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
const most = Number(values['most-per-hour'])
const grown = Object.entries(report.heaps).flatMap(([name, trend]) => judgeTrend(name, trend, most) ?? [])
for (const each of grown) process.stdout.write(`FAILED: ${each}\n`)
if (grown.length === 0) process.stdout.write(`No heap grows by more than ${most} MiB per hour\n`)
process.exitCode = report.faults.length > 0 || grown.length > 0 ? 1 : 0
