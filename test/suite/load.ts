/**
 * Loads a share of the tests of one kind into this process. With the kind `quick`, starting a thread or a
 * process is an error here. Arguments: the kind, which share, and of how many.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module'
import t from 'tap'
import { shareOut, type TestKind, testsOf } from './kinds.js'

const starters = {
  'node:worker_threads': ['Worker'],
  'node:child_process': ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync']
}

function refuseStarters(): void {
  const require = createRequire(import.meta.url)
  for (const [name, keys] of Object.entries(starters)) {
    const module = require(name) as Record<string, unknown>
    for (const key of keys) {
      module[key] = function refuse(): never {
        throw new Error(`A quick test may not call ${key} of ${name}`)
      }
    }
  }
  syncBuiltinESMExports()
}

const [kind, ...numbers] = process.argv.slice(2)
const [share, shares] = numbers.map(Number) as [number, number]
if (kind === 'quick') refuseStarters()
// tap's own time is for one file; here it would be for all of them. `run` watches for a test that hangs.
t.setTimeout(0)
for (const path of shareOut(testsOf(kind as TestKind), shares)[share]!) await import(`../${path}`)
