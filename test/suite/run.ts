/**
 * Runs tests and prints the failures in full, with a last line `N passed, N failed, N skipped`. `npm run
 * test:quick` runs the quick tests. With `--all`, which is `npm test`, those with gateways follow, and then
 * the other files, each in a process of its own. For most files the start of a process takes longer than
 * what they test. Files and folders that are named run alone.
 *
 * Node runs the files itself, without tap's own command: that preloads its compiler and its loaders into each
 * process, and so into each thread and process that a test starts. A worker takes four times as long to start
 * then.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { findTests, type TestKind, testsBelow, testsOf } from './kinds.js'
import { runTests, type Totals } from './test-process.js'

/** A process of the suite: its name, and Node's arguments. */
type Entry = readonly [name: string, args: readonly string[]]

/** Processes at a time: each waits for a part of its time. More of them gain little, and are late. */
const atOnce = Math.min(Math.ceil(1.5 * availableParallelism()), 8)

const load = fileURLToPath(new URL('./load.js', import.meta.url))

function sharesOf(kind: TestKind, shares: number): Entry[] {
  return Array.from({ length: shares }, (_, share) => [
    `${kind} tests, ${share + 1} of ${shares}`,
    [load, kind, String(share), String(shares)]
  ])
}

function fileOf(path: string): Entry {
  return [path, [fileURLToPath(new URL(`../${path}`, import.meta.url))]]
}

function chooseEntries(): Entry[] {
  const args = process.argv.slice(2)
  const names = args.filter(arg => arg !== '--all')
  if (names.length !== 0) return testsBelow(names, findTests()).map(fileOf)
  const quick = sharesOf('quick', 2)
  return args.length !== 0 ? [...quick, ...sharesOf('gateway', 3), ...testsOf('own').map(fileOf)] : quick
}

async function runAll(entries: readonly Entry[]): Promise<void> {
  const rest = entries.values()
  const totals: Totals[] = []
  const runNext = async () => {
    for (const [name, args] of rest) totals.push(await runTests(name, args))
  }
  await Promise.all(Array.from({ length: atOnce }, runNext))
  const sum = (index: number) => totals.reduce((whole, each) => whole + each[index]!, 0)
  if (sum(1) !== 0) process.exitCode = 1
  console.log(`${sum(0)} passed, ${sum(1)} failed, ${sum(2)} skipped`)
}

try {
  await runAll(chooseEntries())
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
