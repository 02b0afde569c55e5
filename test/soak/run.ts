/**
 * `npm run soak`: runs the soak test and prints its figures. Fails if a heap grows by more than is allowed.
 * With `--visits`, visitors connect and break off in place of a steady crowd.
 */

import { createGateway, type Gateway } from '../../gateway/index.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { fixture } from '../helpers/paths.js'
import { runSoak } from '../helpers/soak.js'
import { judgeTrend } from '../helpers/trend.js'
import { runVisits, type VisitsReport } from '../helpers/visits.js'

const values = readCommandOptions(
  {
    minutes: { type: 'string' },
    players: { type: 'string', default: '100' },
    'most-per-hour': { type: 'string', default: '20' },
    visits: { type: 'boolean', default: false },
    'per-second': { type: 'string', default: '200' },
    addresses: { type: 'string', default: '20' }
  },
  ['minutes']
)
const handlers = fixture('handlers-resume')
const workers = 2

/** Runs the soak with a steady crowd. Returns the faults. */
async function soak(gateway: Gateway, proxy: TcpProxy): Promise<readonly string[]> {
  const ms = Number(values.minutes ?? 30) * 60_000
  const players = Number(values.players)
  const sampleEvery = Math.min(5_000, ms / 60)
  const report = await runSoak({ gateway, proxy, workers, players, ms, sampleEvery })
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const most = Number(values['most-per-hour'])
  const grown = Object.entries(report.heaps).flatMap(([name, trend]) => judgeTrend(name, trend, most) ?? [])
  if (grown.length === 0) process.stdout.write(`No heap grows by more than ${most} MiB per hour\n`)
  return [...report.faults, ...grown]
}

/** Maximum factors by which visitors may lengthen a player's waits, and by which a full heap may grow. */
const mostWait = 2
const mostHeap = 1.1

async function visits(gateway: Gateway, proxy: TcpProxy): Promise<readonly string[]> {
  const report: VisitsReport = await runVisits({
    gateway,
    proxy,
    alone: 30_000,
    ms: Number(values.minutes ?? 5) * 60_000,
    perSecond: Number(values['per-second']),
    addresses: Number(values.addresses),
    length: 60_000
  })
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const { alone, visited, heap, faults } = report
  const wrong = [...faults]
  for (const [code, count] of Object.entries(visited.refused))
    wrong.push(`${count} requests of the honest player were refused with ${code}`)
  if (visited.p99 > mostWait * alone.p99)
    wrong.push(`the honest player's p99 is ${visited.p99} ms, and ${alone.p99} ms alone`)
  if (heap.end > mostHeap * heap.third)
    wrong.push(`the heap grows: ${heap.third} MiB after a third of the time, ${heap.end} MiB at the end`)
  return wrong
}

// Visitors are to fill the gateway up to its default limits.
const options = values.visits ? {} : { resumeWindow: 10_000, heartbeat: 3_000 }
const gateway = await createGateway({ handlers, port: 0, workers, logLevel: 'silent', ...options })
const proxy = await TcpProxy.open(gateway.address.port)
const wrong = await (values.visits ? visits : soak)(gateway, proxy)
await proxy.close()
await gateway.close()
for (const each of wrong) process.stdout.write(`FAILED: ${each}\n`)
process.exitCode = wrong.length > 0 ? 1 : 0
