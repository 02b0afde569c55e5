/** One process that runs tests: prints its failures in full and a line for its end, and counts its tests. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { root } from '../helpers/paths.js'

/** How many passed, failed and were skipped. */
export type Totals = readonly [passed: number, failed: number, skipped: number]

/** Milliseconds that a test may take, and a process may tell nothing. After that it hangs, and is ended. */
const longestTest = 300_000

/**
 * Milliseconds that Node may take to exit. tap counts once nothing keeps the process alive, so what hangs
 * then is Node itself. Node 20 does so in about one of 40 long runs on a busy machine, in
 * `Environment::CleanupHandles`. That is told, and is no failure.
 */
const longestExit = 10_000

/** Characters that are kept of what a process says on stderr: the last ones. */
const maxSaid = 20_000

const totalPattern = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, skip: (\d+))?/

/**
 * Runs tests in a process of their own. A process that ends with an error although all its tests passed, or
 * before it has counted them, is one failure.
 *
 * @param name what its lines call it
 * @param args Node's arguments: the file, and what that file takes
 * @param mostExit milliseconds that Node may take to exit once the tests are counted
 */
export async function runTests(
  name: string,
  args: readonly string[],
  mostExit = longestExit
): Promise<Totals> {
  const began = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: String(longestTest / 1000) },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = new Promise<number | NodeJS.Signals | null>(resolve =>
    child.once('exit', (code, signal) => resolve(code ?? signal))
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-maxSaid)
  })
  let totals: Totals | undefined
  /** The lines of the present test, which are of interest only if it fails, or is skipped. */
  let lines: string[] = []
  const show = () => {
    if (lines.some(line => line.startsWith('not ok'))) console.log([`in ${name}:`, ...lines].join('\n'))
    else for (const line of lines) if (/# SKIP/.test(line)) console.log(line.trim())
    lines = []
  }
  let exiting: NodeJS.Timeout | undefined
  let hangsInExit = false
  const endExit = () => {
    hangsInExit = true
    console.log(`${name}: Node has not exited ${mostExit} ms after the last test, and is killed`)
    child.kill('SIGKILL')
  }
  const silence = setTimeout(() => {
    console.log([`in ${name}:`, ...lines, `A test hangs: no word for ${longestTest} ms`].join('\n'))
    child.kill('SIGKILL')
  }, longestTest)
  for await (const line of createInterface({ input: child.stdout })) {
    silence.refresh()
    const counted = totalPattern.exec(line)
    if (counted !== null) {
      totals = [Number(counted[1] ?? 0), Number(counted[2] ?? 0), Number(counted[3] ?? 0)]
      exiting = setTimeout(endExit, mostExit)
    }
    if (line.startsWith('# Subtest')) show()
    lines.push(line)
  }
  show()
  clearTimeout(silence)
  clearTimeout(exiting)
  const end = await exited
  const [passed, failed, skipped] = totals ?? [0, 1, 0]
  const isOk = (end === 0 || hangsInExit) && failed === 0
  // Many tests let workers die, of which Node tells at length; it is of interest only beside a failure.
  if (!isOk && said !== '') console.log(`${name} has said on stderr:\n${said.trimEnd()}`)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(isOk ? `ok     ${name} ${seconds} s` : `FAILED ${name} ${seconds} s, ended with ${end}`)
  return [passed, isOk ? 0 : Math.max(failed, 1), skipped]
}
