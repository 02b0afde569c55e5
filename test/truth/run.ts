/** `npm run truth`: runs the test of truth and prints its figures. */

import { parseArgs } from 'node:util'
import { createGateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { fixture } from '../helpers/paths.js'
import { runTruth } from '../helpers/truth.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    players: { type: 'string', default: '200' },
    events: { type: 'string', default: '100000' }
  }
})
const handlers = fixture('handlers-resume')
const gateway = await createGateway({ handlers, port: 0, logLevel: 'error' })
const proxy = await TcpProxy.open(gateway.address.port)
const report = await runTruth({
  gateway,
  proxy,
  players: Number(values.players),
  events: Number(values.events),
  ms: Number(values.seconds) * 1_000,
  cutEvery: 2_000
})
await proxy.close()
await gateway.close()
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exitCode = report.faults.length > 0 ? 1 : 0
