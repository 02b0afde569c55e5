/** Finds all tests, and sorts them by what they start. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { root } from '../helpers/paths.js'

/**
 * What a test starts decides where it runs:
 *
 * - quick: no thread, process, browser or compiler. In a process with other quick tests.
 * - gateway: gateways in its own process, and nothing else. In a process with other tests of this kind.
 * - own: anything else. In a process of its own.
 */
export type TestKind = 'quick' | 'gateway' | 'own'

/**
 * Modules that start one of them. The gateway starts its threads by piscina, and processes by child_process.
 */
const slowModules = new Set(['node:child_process', 'piscina', 'playwright-core', 'esbuild', 'typescript'])

/** Tests that measure their whole process, put it under stress or change it, and so can't share it. */
const ownProcess = [
  'bench/readings/memory.test.js',
  'gateway/cluster/link/memory.test.js',
  'model/',
  'scenarios/connections/slow-receivers.test.js',
  'scenarios/invariants/',
  'scenarios/program/',
  'scenarios/workers/',
  'soak/',
  // It replaces the global timers, which files that are still being loaded may need.
  'testing/world/test-world.test.js',
  'workers/game.test.js'
]

const importPattern = /^(?:import|export)\b([^'";]*)'([^'"]+)'/gm
const lateImportPattern = /\bimport\('([^'"]+)'\)/g

/**
 * Returns the paths of all tests below `compiled`, in order, with their kinds. A compiled test whose source
 * is gone does not count: the compiler leaves it there.
 */
export function findTests(
  compiled = join(root, 'dist/test'),
  sources = join(root, 'test')
): Map<string, TestKind> {
  const imports = new Map<string, Imports>()
  const kindOf = (path: string): TestKind => {
    const file = join(compiled, path)
    if (ownProcess.some(each => path.startsWith(each))) return 'own'
    if (!reachesSlow(file, imports, () => true)) return 'quick'
    return reachesSlow(file, imports, next => !isProduct(next, compiled)) ? 'own' : 'gateway'
  }
  return new Map(
    readdirSync(compiled, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.test.js') && !path.includes('fixtures/'))
      .filter(path => existsSync(join(sources, path.replace(/js$/, 'ts'))))
      .sort()
      .map(path => [path, kindOf(path)])
  )
}

/** Returns the paths of the tests of one kind, in order. */
export function testsOf(kind: TestKind, tests = findTests()): string[] {
  return [...tests].filter(([, each]) => each === kind).map(([path]) => path)
}

/**
 * Returns the paths of the tests that are named: by their source or compiled file, or by a folder of them.
 *
 * @throws if there is no test of a name
 */
export function testsBelow(names: readonly string[], tests: ReadonlyMap<string, TestKind>): string[] {
  const found = names.flatMap(name => {
    const start = name.replace(/^(?:\.\/)?(?:dist\/)?(?:test\/)?/, '').replace(/(?:\.test)?\.[jt]s$|\/$/, '')
    const below = [...tests.keys()].filter(
      path => path === `${start}.test.js` || path.startsWith(`${start}/`)
    )
    if (below.length === 0) throw new Error(`There is no test ${name}, and no folder of tests`)
    return below
  })
  return [...new Set(found)]
}

/** Splits tests into shares of about the same length. */
export function shareOut(paths: readonly string[], shares: number, sizeOf = compiledSize): string[][] {
  const all = Array.from({ length: shares }, () => ({ size: 0, paths: [] as string[] }))
  const sized = paths.map(path => ({ path, size: sizeOf(path) })).sort((a, b) => b.size - a.size)
  for (const { path, size } of sized) {
    const least = all.reduce((a, b) => (b.size < a.size ? b : a))
    least.size += size
    least.paths.push(path)
  }
  return all.map(each => each.paths)
}

function compiledSize(path: string): number {
  return statSync(join(root, 'dist/test', path)).size
}

/** What one compiled file imports. */
interface Imports {
  /** The project's own files. */
  readonly files: readonly string[]
  readonly isSlow: boolean
}

/**
 * Whether a compiled file, or one that it reaches by imports that `follows` allows, imports a slow module.
 */
function reachesSlow(file: string, known: Map<string, Imports>, follows: (next: string) => boolean): boolean {
  const reached = new Set([file])
  for (const each of reached) {
    const imports = known.get(each) ?? readImports(each)
    known.set(each, imports)
    if (imports.isSlow) return true
    for (const next of imports.files) if (follows(next)) reached.add(next)
  }
  return false
}

/** Whether a file is one of the gateway or of the workers, which start threads and processes themselves. */
function isProduct(file: string, compiled: string): boolean {
  return ['gateway', 'workers'].some(room => file.startsWith(join(compiled, '..', room) + sep))
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
