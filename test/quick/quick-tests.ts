/** The test files that need no thread, no process, no browser and no compiler: `npm run test:quick` runs them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { root } from '../helpers/paths.js'

const folder = join(root, 'dist/test')

/** Modules that start one of them. The gateway's own threads come by piscina, its processes by child_process. */
const slowModules = new Set(['node:child_process', 'piscina', 'playwright-core', 'esbuild', 'typescript'])

/** Tests that measure their whole process, and so can't share one. */
const ownProcess = ['soak/trend.test.js', 'soak/leftovers.test.js', 'bench/readings/memory.test.js']

const importPattern = /^(?:import|export)\b([^'";]*)'([^'"]+)'/gm
const lateImportPattern = /\bimport\('([^'"]+)'\)/g

/** Returns their paths below `dist/test`, in order. */
export function findQuickTests(): string[] {
  const known = new Map<string, boolean>()
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      path => path.endsWith('.test.js') && !ownProcess.includes(path) && !isSlow(join(folder, path), known)
    )
    .sort()
}

/** Whether a compiled file, or one that it imports, imports a slow module. */
function isSlow(file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file)
  if (before !== undefined) return before
  // For imports in a circle: the file that is looked at first decides.
  known.set(file, false)
  // A text in a test may look like an import of a file that does not exist.
  const text = file.endsWith('.js') && existsSync(file) ? readFileSync(file, 'utf8') : ''
  const isAnySlow = readImports(text).some(({ names, from }) => {
    if (from.startsWith('.')) return isSlow(resolve(dirname(file), from), known)
    return slowModules.has(from) || (from === 'node:worker_threads' && /\bWorker\b/.test(names))
  })
  known.set(file, isAnySlow)
  return isAnySlow
}

function readImports(text: string): { names: string; from: string }[] {
  return [
    ...[...text.matchAll(importPattern)].map(([, names, from]) => ({ names: names!, from: from! })),
    ...[...text.matchAll(lateImportPattern)].map(([, from]) => ({ names: '', from: from! }))
  ]
}
