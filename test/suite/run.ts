/**
 * Runs tests and prints the failures in full, with a last line `N passed, N failed, N skipped`. `npm run
 * test:quick` runs the quick tests in two processes. With `--all`, which is `npm test`, those with gateways
 * follow in three processes. Then tap runs the other files, each in a process of its own. For most files the
 * start of a process takes longer than what they test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { root } from '../helpers/paths.js'
import { type TestKind, testsOf } from './kinds.js'

/** How many passed, failed and were skipped. */
type Totals = readonly number[]

/** Milliseconds after which a process that has told nothing is ended: one of its tests hangs. */
const longestSilence = 300_000

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

/** Runs one share of the tests of a kind. */
async function runShare(kind: TestKind, share: number, shares: number): Promise<Totals> {
  const child = start([load, kind, String(share), String(shares)])
  const exited = exitOf(child)
  let totals: Totals | undefined
  /** The lines of the present test, which are of interest only if it fails, or is skipped. */
  let block: string[] = []
  const silence = setTimeout(() => {
    console.log([...block, `A test hangs: its process has told nothing for ${longestSilence} ms`].join('\n'))
    child.kill('SIGKILL')
  }, longestSilence)
  const show = () => {
    if (block.some(line => line.startsWith('not ok'))) console.log(block.join('\n'))
    else for (const line of block) if (/# SKIP/.test(line)) console.log(line.trim())
    block = []
  }
  for await (const line of createInterface({ input: child.stdout })) {
    silence.refresh()
    const found = totalPattern.exec(line)?.slice(1)
    if (found !== undefined) totals = found.map(text => Number(text ?? 0))
    if (line.startsWith('# Subtest')) show()
    block.push(line)
  }
  show()
  clearTimeout(silence)
  return check(exited, totals)
}

/** Runs all tests of a kind, in `shares` processes at a time. */
async function runTogether(kind: TestKind, shares: number): Promise<Totals[]> {
  const totals = await Promise.all(
    Array.from({ length: shares }, (_, share) => runShare(kind, share, shares))
  )
  console.log(`${testsOf(kind).length} files of the kind ${kind}, in ${shares} processes`)
  return totals
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

const all = await runTogether('quick', 2)
if (process.argv.includes('--all')) {
  all.push(...(await runTogether('gateway', 3)))
  all.push(await runTap(testsOf('own').map(path => join('dist/test', path))))
}
const sum = (index: number) => all.reduce((whole, each) => whole + each[index]!, 0)
console.log(`${sum(0)} passed, ${sum(1)} failed, ${sum(2)} skipped`)
