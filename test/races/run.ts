/**
 * `npm run races`: races for users between processes, with kills, stops and partitions; prints figures. With
 * `--gateways N` it races logins over whole gateways, while sessions move.
 */
import { readCommandOptions } from '../helpers/command-options.js'
import { runGatewayRaces } from '../helpers/races/gateway-races.js'
import { type FaultKind, faultKinds, runRaces } from '../helpers/races/races.js'
import { type Variant, variants } from '../helpers/races/variants.js'

const values = readCommandOptions({
  servers: { type: 'string', default: '1' },
  racers: { type: 'string', default: '3' },
  rounds: { type: 'string', default: '5000' },
  users: { type: 'string', default: '100' },
  interval: { type: 'string', default: '10' },
  mode: { type: 'string', default: 'reject' },
  ttl: { type: 'string', default: '1000' },
  gateways: { type: 'string', default: '0' },
  seconds: { type: 'string', default: '60' },
  devices: { type: 'string', default: '3' },
  'restart-every': { type: 'string', default: '3000' },
  variant: { type: 'string', default: 'none' },
  faults: { type: 'string', default: 'all' },
  'fault-every': { type: 'string', default: '1500' },
  'server-fault-every': { type: 'string' }
})

const leaseTtl = Number(values.ttl)
const mode = values.mode === 'kick' ? 'kick' : 'reject'
const count = Number(values.gateways)
await (count === 0 ? raceProcesses() : raceGateways())

/** Races between processes with nothing but claims. */
async function raceProcesses(): Promise<void> {
  const servers = values.servers === '3' ? 3 : 1
  const named = values.faults === 'all' ? faultKinds : values.faults.split(',')
  const faults = faultKinds.filter(kind => named.includes(kind) && (kind !== 'isolate' || servers === 3))
  const report = await runRaces({
    servers,
    racers: Number(values.racers),
    rounds: Number(values.rounds),
    users: Number(values.users),
    interval: Number(values.interval),
    mode,
    leaseTtl,
    variant: variants.find(variant => variant === values.variant) ?? ('none' satisfies Variant),
    faults: faults satisfies FaultKind[],
    faultEvery: Number(values['fault-every']),
    serverFaultEvery: Number(values['server-fault-every'] ?? (servers === 3 ? 12_000 : 8_000))
  })
  const { doubles, wrongRounds, ...figures } = report
  process.stdout.write(
    `${JSON.stringify({ ...figures, doubles: doubles.length, wrongRounds: wrongRounds.length }, null, 2)}\n`
  )
  for (const line of [...doubles.slice(0, 10), ...wrongRounds.slice(0, 10)]) process.stdout.write(`${line}\n`)
  const isLate = report.lastBoundAfter > leaseTtl + 1_000 || report.lastBound < Number(values.users)
  process.exitCode = doubles.length + wrongRounds.length > 0 || isLate ? 1 : 0
}

/** Races of logins over whole gateways. */
async function raceGateways(): Promise<void> {
  const report = await runGatewayRaces({
    count,
    mode,
    users: Number(values.users),
    devices: Number(values.devices),
    ms: Number(values.seconds) * 1_000,
    leaseTtl,
    restartEvery: Number(values['restart-every'])
  })
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const isLate = report.longestOut > leaseTtl + 1_000
  process.exitCode = report.doubles.length + report.faults.length > 0 || isLate ? 1 : 0
}
