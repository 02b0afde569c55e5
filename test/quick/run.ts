/**
 * `npm run test:quick`: runs the quick tests in two processes. Prints the failures in full, and as the last
 * line `N passed, N failed, N skipped`, as `npm test` does.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const shares = 2
const load = fileURLToPath(new URL('./load.js', import.meta.url))
const totalPattern = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/

/** Runs one share. Returns how many passed, failed and were skipped. */
async function runShare(share: number): Promise<readonly number[]> {
  const child = spawn(process.execPath, [load, String(share), String(shares)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  let totals: readonly number[] | undefined
  /** The lines of the present test, which are of interest only if it fails. */
  let block: string[] = []
  const show = () => {
    if (block.some(line => line.startsWith('not ok'))) console.log(block.join('\n'))
    block = []
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const found = totalPattern.exec(line)?.slice(1)
    if (found !== undefined) totals = found.map(text => Number(text ?? 0))
    if (line.startsWith('# Subtest')) show()
    block.push(line)
  }
  show()
  // A share that ends before its end has no totals; what it said is on stderr.
  if ((await exited) !== 0 || totals === undefined) process.exitCode = 1
  return totals ?? [0, 1, 0]
}

const totals = await Promise.all(Array.from({ length: shares }, (_, share) => runShare(share)))
const sum = (index: number) => totals.reduce((all, each) => all + each[index]!, 0)
console.log(`${sum(0)} passed, ${sum(1)} failed, ${sum(2)} skipped`)
