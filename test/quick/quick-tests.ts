/** Finds all tests, and the quick ones: those without threads, processes, browsers and compilers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { root } from '../helpers/paths.js'

/**
 * Modules that start one of them. The gateway starts its threads by piscina, and processes by child_process.
 */
const slowModules = new Set(['node:child_process', 'piscina', 'playwright-core', 'esbuild', 'typescript'])

/** Tests that measure their whole process, and so can't share it with others. */
const ownProcess = ['soak/trend.test.js', 'soak/leftovers.test.js', 'bench/readings/memory.test.js']

const importPattern = /^(?:import|export)\b([^'";]*)'([^'"]+)'/gm
const lateImportPattern = /\bimport\('([^'"]+)'\)/g

/**
 * Returns the paths of all tests below `compiled`, in order. A compiled test whose source is gone does not
 * count: the compiler leaves it there.
 */
export function findTests(compiled = join(root, 'dist/test'), sources = join(root, 'test')): string[] {
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.test.js') && !path.includes('fixtures/'))
    .filter(path => existsSync(join(sources, path.replace(/js$/, 'ts'))))
    .sort()
}

/** Returns the paths of the quick tests below `compiled`, in order. */
export function findQuickTests(compiled = join(root, 'dist/test'), sources = join(root, 'test')): string[] {
  const imports = new Map<string, Imports>()
  return findTests(compiled, sources).filter(
    path => !ownProcess.includes(path) && !isSlow(join(compiled, path), imports)
  )
}

/** What one compiled file imports. */
interface Imports {
  /** The project's own files. */
  readonly files: readonly string[]
  readonly isSlow: boolean
}

/** Whether a compiled file, or one that it reaches by imports, imports a slow module. */
function isSlow(file: string, known: Map<string, Imports>): boolean {
  const reached = new Set([file])
  for (const each of reached) {
    const imports = known.get(each) ?? readImports(each)
    known.set(each, imports)
    if (imports.isSlow) return true
    for (const next of imports.files) reached.add(next)
  }
  return false
}

function readImports(file: string): Imports {
  // A text in a test may look like an import of a file that does not exist.
  const text = file.endsWith('.js') && existsSync(file) ? readFileSync(file, 'utf8') : ''
  const imports = [
    ...[...text.matchAll(importPattern)].map(([, names, from]) => ({ names: names!, from: from! })),
    ...[...text.matchAll(lateImportPattern)].map(([, from]) => ({ names: '', from: from! }))
  ]
  return {
    files: imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => resolve(dirname(file), from)),
    isSlow: imports.some(
      ({ names, from }) =>
        slowModules.has(from) || (from === 'node:worker_threads' && /\bWorker\b/.test(names))
    )
  }
}
