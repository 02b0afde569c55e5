/**
 * Loads a share of the quick tests into this process, in which starting a thread or a process is an error.
 * Arguments: which share, and of how many.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module'
import t from 'tap'
import { findQuickTests } from './quick-tests.js'

const starters = {
  'node:worker_threads': ['Worker'],
  'node:child_process': ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync']
}

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

// tap's own time is for one file; here it would be for all of them.
t.setTimeout(0)
const [share, shares] = process.argv.slice(2).map(Number) as [number, number]
for (const [index, path] of findQuickTests().entries()) {
  if (index % shares === share) await import(`../${path}`)
}
