/** The program's output streams when their reader is gone or does not read, or the disk is full. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Isolation } from '../../../gateway/index.js'
import { Player } from '../../helpers/player.js'
import { type ProgramOptions, startProgram, waitForAddress } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

const handlers = `
exports.log = ({ lines, text }, session, { log }) => { for (let i = 0; i < lines; i++) log.info(text) }
exports.print = ({ lines, text }) => { for (let i = 0; i < lines; i++) { console.log(text); console.error(text) } }
exports.pid = () => process.pid
`

interface Program {
  readonly process: ChildProcess
  readonly url: string
  readonly player: Player
}

/** Starts the program and waits for its address. After that nobody reads its output. */
async function start(
  t: Test,
  isolation: Isolation,
  { args = [], stderr }: Pick<ProgramOptions, 'args' | 'stderr'> = {}
): Promise<Program> {
  const file = stderr === undefined ? {} : { stderr }
  const program = startProgram(t, { handlers, args: ['--isolation', isolation, ...args], ...file })
  const url = await waitForAddress(program)
  const { process: child } = program
  for (const stream of [child.stdout, child.stderr]) stream?.removeAllListeners('data').pause()
  const player = await Player.connect(url)
  t.teardown(() => player.leave())
  return { process: child, url, player }
}

/** Sends an invalid first frame, for which the gateway logs a line. */
async function sendNonsense(url: string): Promise<void> {
  const ws = new WebSocket(url)
  ws.on('open', () => ws.send(Buffer.from([0xff, 0xff, 0xff, 0xff])))
  ws.on('error', () => {})
  await new Promise(resolve => ws.on('close', resolve))
}

/** Lets handlers log and print lines and strangers cause some. All goes on as before. */
async function sayMuch(t: Test, { process: child, player, url }: Program): Promise<void> {
  const worker = await player.request('a.pid')
  for (let i = 0; i < 5; i++) {
    await player.request('a.log', { lines: 5, text: `a line ${i}` })
    await player.request('a.print', { lines: 5, text: 'a line that is printed' })
    await sendNonsense(url)
  }
  t.equal(await player.request('a.pid'), worker, 'the same worker')
  t.equal(child.exitCode, null)
}

/** Reads the log of the program from now on. */
function readLog(child: ChildProcess): { text: string } {
  const log = { text: '' }
  child.stderr!.on('data', data => (log.text += data)).resume()
  return log
}

/** Returns the resident memory of a process in bytes. */
function readRss(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}

const isolations: readonly Isolation[] = ['thread', 'process']

for (const isolation of isolations) {
  t.test(`${isolation}: the reader of the program's output is gone, and nothing ends`, async t => {
    const program = await start(t, isolation)
    const child = program.process
    child.stderr!.destroy()
    child.stdout!.destroy()
    await sayMuch(t, program)
    child.kill('SIGTERM')
    await until('it has ended', () => child.exitCode !== null || child.signalCode !== null)
    t.same([child.exitCode, child.signalCode], [0, null], 'and it ends in peace')
  })

  t.test(
    `${isolation}: the disk of the log is full, and nothing ends`,
    { skip: !existsSync('/dev/full') },
    async t => {
      const program = await start(t, isolation, { stderr: openSync('/dev/full', 'w') })
      await sayMuch(t, program)
    }
  )

  t.test(
    `${isolation}: nobody reads the log or what is printed, and memory stays flat; who reads again is told`,
    { skip: !existsSync('/proc/self/status') },
    async t => {
      const { process: child, player } = await start(t, isolation, {
        args: ['--max-log-lines-per-second', '0']
      })
      const text = 'x'.repeat(1_000)
      const flood = async (rounds: number) => {
        for (let i = 0; i < rounds; i++) {
          await player.request('a.log', { lines: 1_000, text })
          await player.request('a.print', { lines: 500, text })
        }
      }
      const pids = new Set([child.pid!, (await player.request('a.pid')) as number])
      const measure = () => [...pids].reduce((sum, pid) => sum + readRss(pid), 0)
      await flood(20)
      const before = measure()
      await flood(100)
      const grown = measure() - before
      t.ok(grown < 100_000_000, `${grown} bytes more after 200 MB of lines`)
      const log = readLog(child)
      await until('it is told what was dropped', () => / WARN {2}\d+ lines dropped/.test(log.text))
      log.text = ''
      await player.request('a.log', { lines: 1, text: 'One line more' })
      await until('lines come again', () => log.text.includes('One line more'))
    }
  )
}

t.test('a text of a client makes no line of the log', async t => {
  const { process: child, player } = await start(t, 'thread')
  const log = readLog(child)
  const text = '\n2026-01-01T00:00:00.000Z ERROR Forged \u001b[31m\u202e\u2028'
  await player.request('a.log', { lines: 1, text })
  await until('it is logged', () => log.text.includes('Forged'))
  t.equal(log.text.split('\n').length, 2, log.text)
  t.match(log.text, 'INFO  \\n2026-01-01T00:00:00.000Z ERROR Forged \\u001b[31m\\u202e\\u2028')
})

t.test('a flood of one line is told as a count, whoever causes it', async t => {
  const { process: child, player, url } = await start(t, 'thread')
  const log = readLog(child)
  await player.request('a.log', { lines: 5_000, text: 'The same' })
  await until('the count is told', () => log.text.includes('more like it'))
  t.match(log.text, /INFO {2}The same … and 4990 more like it\n/)
  t.equal(log.text.split('The same route').length - 1, 10)
  await Promise.all(Array.from({ length: 30 }, () => sendNonsense(url)))
  await until('that of strangers too', () => /A frame was refused … and \d+ more like it/.test(log.text))
})
