/**
 * `npm run failures`: what befalls a cluster of three gateways, one thing after the other, with the figures
 * of each. `--only NAME` runs one of them. `--old REV` has the rolling restart begin with the build of a
 * commit.
 */
import { join } from 'node:path'
import { buildRevision } from '../../bench/comparison/revision.js'
import {
  type FailureInit,
  runCrash,
  runOutage,
  runOutages,
  runRolling,
  runStopped
} from '../helpers/cluster/failures.js'
import { Gateways } from '../helpers/cluster/gateways.js'
import { runRestores } from '../helpers/cluster/restores.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { fixture, root } from '../helpers/paths.js'

const values = readCommandOptions({
  players: { type: 'string', default: '200' },
  only: { type: 'string' },
  old: { type: 'string' }
})

const failures: Readonly<
  Record<string, (init: FailureInit) => Promise<{ readonly faults: readonly string[] }>>
> = {
  rolling: init =>
    runRolling({ ...init, next: fixture('handlers-cluster-next'), nextDist: join(root, 'dist') }),
  crash: runCrash,
  outage: init => runOutage({ ...init, ms: 60_000 }),
  outages: init => runOutages({ ...init, times: 20 }),
  stopped: init => runStopped({ ...init, ms: 3_000 }),
  none: init => runRestores({ ...init, replicate: 'none', changes: 200 }),
  behind: init => runRestores({ ...init, replicate: 'behind', changes: 200 }),
  through: init => runRestores({ ...init, replicate: 'through', changes: 200 }),
  frozen: init => runStopped({ ...init, ms: 8_000, beyondLease: true })
}

/** What its gateways are started with. */
function optionsOf(name: string): Readonly<Record<string, unknown>> {
  const keeps = name === 'none' || name === 'behind' || name === 'through'
  return keeps ? { singleSession: 'kick', replicate: name, park: true } : { singleSession: 'reject' }
}

const names = Object.keys(failures).filter(name => values.only === undefined || name === values.only)
if (names.length === 0) throw new Error(`There is no ${values.only}: ${Object.keys(failures).join(', ')}`)
const count = 3
const old = values.old === undefined ? undefined : join((await buildRevision(values.old)).folder, '..')
for (const name of names) {
  const ends: (() => Promise<void>)[] = []
  try {
    const gateways = await Gateways.start(
      { count, handlers: fixture('handlers-cluster'), options: optionsOf(name), dist: () => old },
      { teardown: end => ends.push(end) }
    )
    const report = await failures[name]!({ gateways, count, players: Number(values.players) })
    process.stdout.write(`${name} ${JSON.stringify(report, null, 2)}\n`)
    if (report.faults.length > 0) {
      process.exitCode = 1
      for (const gateway of gateways.up)
        process.stderr.write(`${gateway.options['frontendId']}: ${gateway.said}\n`)
    }
  } finally {
    for (const end of ends) await end()
  }
}
