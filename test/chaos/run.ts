/** `npm run chaos`: for as long as one likes, with its figures. Whatever it has started ends by itself. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { runChaos } from '../helpers/chaos.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '300' }, players: { type: 'string', default: '500' } }
})
const handlers = fileURLToPath(new URL('../../../test/fixtures/handlers-resume', import.meta.url))
const gateway = await createGateway({ handlers, port: 0, workers: 2, logLevel: 'silent', stuckAfter: 1_000 })
const proxy = await TcpProxy.open(gateway.address.port)
const players = Number(values.players)
const report = await runChaos({ gateway, proxy, players, ms: Number(values.seconds) * 1_000 })
await proxy.close()
await gateway.close()
process.stdout.write(
  `${JSON.stringify({ ...report, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) }, null, 2)}\n`
)
process.exitCode = report.faults.length > 0 ? 1 : 0
