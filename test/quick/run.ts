/**
 * Runs tests and prints the failures in full, with a last line `N passed, N failed, N skipped`. `npm run
 * test:quick` runs the quick tests in two processes. With `--all`, which is `npm test`, tap then runs the
 * other files, each in a process of its own: for the quick ones, the start of a process takes longer than
 * what they test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { root } from '../helpers/paths.js'
import { findQuickTests, findTests } from './quick-tests.js'

/** How many passed, failed and were skipped. */
type Totals = readonly number[]

const shares = 2
const load = fileURLToPath(new URL('./load.js', import.meta.url))
const totalPattern = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/
const lastLinePattern = /^(\d+) passed, (\d+) failed, (\d+) skipped$/
const nothing: Totals = [0, 1, 0]

function start(args: readonly string[]) {
  return spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('exit', resolve))
}

/** Returns the totals of a process, or one failure if it has ended too soon; it has said why on stderr. */
async function check(exited: Promise<number | null>, totals: Totals | undefined): Promise<Totals> {
  if ((await exited) !== 0 || totals === undefined) process.exitCode = 1
  return totals ?? nothing
}

/** Runs one share of the quick tests. */
async function runShare(share: number): Promise<Totals> {
  const child = start([load, String(share), String(shares)])
  const exited = exitOf(child)
  let totals: Totals | undefined
  /** The lines of the present test, which are of interest only if it fails, or is skipped. */
  let block: string[] = []
  const show = () => {
    if (block.some(line => line.startsWith('not ok'))) console.log(block.join('\n'))
    else for (const line of block) if (/# SKIP/.test(line)) console.log(line.trim())
    block = []
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const found = totalPattern.exec(line)?.slice(1)
    if (found !== undefined) totals = found.map(text => Number(text ?? 0))
    if (line.startsWith('# Subtest')) show()
    block.push(line)
  }
  show()
  return check(exited, totals)
}

/** Runs tap, whose reporter prints a line for each file. */
async function runTap(args: readonly string[]): Promise<Totals> {
  const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs')
  const child = start([tap, ...args])
  const exited = exitOf(child)
  let totals: Totals | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const found = lastLinePattern.exec(line)?.slice(1)
    if (found === undefined) console.log(line)
    else totals = found.map(Number)
  }
  return check(exited, totals)
}

const quick = findQuickTests()
const all = await Promise.all(Array.from({ length: shares }, (_, share) => runShare(share)))
if (process.argv.includes('--all')) {
  console.log(`ok     ${quick.length} quick files in ${shares} processes`)
  const others = findTests().filter(path => !quick.includes(path))
  all.push(await runTap(others.map(path => join('dist/test', path))))
}
const sum = (index: number) => all.reduce((whole, each) => whole + each[index]!, 0)
console.log(`${sum(0)} passed, ${sum(1)} failed, ${sum(2)} skipped`)
