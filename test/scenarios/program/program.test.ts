/** What signals and faults do to the program. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Isolation } from '../../../gateway/index.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture, root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import {
  askOnceMore,
  type ProgramOptions,
  type RunningProgram,
  startProgram,
  waitForAddress
} from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

/** Holds its request until a file is there. */
const handlers = `
const { existsSync } = require('node:fs')
exports.hold = async (file, session, { log }) => {
  log.info('It holds')
  while (!existsSync(file)) await new Promise(resolve => setTimeout(resolve, 5))
  return 'held'
}
exports.version = () => 1
`

/**
 * Faults that nothing catches, in the gateway's process: an exception by one signal, a rejection by another.
 */
const faults = `
import { isMainThread } from 'node:worker_threads'
if (isMainThread && process.argv[1].includes('gateway')) {
  process.on('SIGWINCH', () => { throw new Error('injected exception') })
  process.on('SIGURG', () => { Promise.reject(new Error('injected rejection')) })
}`

const main = join(root, 'dist/gateway/program/main.js')
const isolations: readonly Isolation[] = ['thread', 'process']

interface Held {
  readonly program: RunningProgram
  readonly player: Player
  /** The reply to a request that is in flight. */
  readonly reply: Promise<unknown>
  letGo(): void
}

/** Starts a program that has a request in flight. */
async function startHeld(t: Test, options: Partial<ProgramOptions> = {}): Promise<Held> {
  const program = startProgram(t, { handlers, ...options })
  const player = await Player.connect(await waitForAddress(program))
  t.teardown(() => player.leave())
  const file = join(program.folder, 'let-go')
  const reply = player.request('a.hold', file)
  reply.catch(() => {})
  await until('it holds', () => program.err.includes('It holds'))
  return { program, player, reply, letGo: () => writeFileSync(file, '') }
}

const preloaded = { nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(faults)}`] }

t.test('a fault behind the walls: what is in flight is answered, the log says so, exit code 70', async t => {
  for (const [signal, what] of [
    ['SIGWINCH', 'injected exception'],
    ['SIGURG', 'injected rejection']
  ] as const) {
    const { program, reply, letGo } = await startHeld(t, preloaded)
    program.process.kill(signal)
    await until('it says so', () => program.err.includes(what))
    t.match(program.err, /ERROR A fault that nothing has caught: the gateway drains.* error=Error: injected/)
    letGo()
    t.equal(await reply, 'held')
    t.equal(await program.ended, 70)
  }
})

t.test('a fault leaves a drain its time also where that is longer than any timer', async t => {
  const args = ['--drain-timeout', '2147483647ms']
  const { program, reply, letGo } = await startHeld(t, { ...preloaded, args })
  program.process.kill('SIGWINCH')
  await until('it says so', () => program.err.includes('injected exception'))
  letGo()
  t.equal(await reply, 'held')
  t.equal(await program.ended, 70)
})

t.test('a second fault while it drains ends it at once', async t => {
  const { program } = await startHeld(t, preloaded)
  program.process.kill('SIGWINCH')
  await until('it drains', () => program.err.includes('injected exception'))
  program.process.kill('SIGURG')
  t.equal(await program.ended, 70, 'although a request is in flight')
  t.match(program.err, /ERROR One fault more: the gateway ends at once error=Error: injected rejection/)
})

t.test('after a fault, SIGTERM asks for what is under way already; a second one ends it at once', async t => {
  const { program, reply, letGo } = await startHeld(t, preloaded)
  program.process.kill('SIGWINCH')
  await until('it drains', () => program.err.includes('injected exception'))
  program.process.kill('SIGTERM')
  await until('it is told', () => program.err.includes('was asked to end'))
  letGo()
  t.equal(await reply, 'held')
  t.equal(await program.ended, 70)
  const other = await startHeld(t, preloaded)
  other.program.process.kill('SIGWINCH')
  await until('it drains', () => other.program.err.includes('injected exception'))
  await askOnceMore(other.program, 'SIGTERM')
  t.equal(await other.program.ended, 70)
})

t.test('a fault while it drains by SIGTERM lets the drain go on, and shows in the exit code', async t => {
  const { program, reply, letGo } = await startHeld(t, preloaded)
  program.process.kill('SIGTERM')
  await until('it closes', () => program.err.includes('was asked to end'))
  program.process.kill('SIGWINCH')
  await until('it says so', () => program.err.includes('injected exception'))
  letGo()
  t.equal(await reply, 'held')
  t.equal(await program.ended, 70)
})

t.test('SIGTERM and SIGQUIT drain; a second one ends at once', async t => {
  for (const signal of ['SIGTERM', 'SIGQUIT'] as const) {
    const { program, reply, letGo } = await startHeld(t)
    program.process.kill(signal)
    await until('it closes', () => program.err.includes('was asked to end'))
    letGo()
    t.equal(await reply, 'held')
    t.equal(await program.ended, 0)
    const other = await startHeld(t)
    other.program.process.kill(signal)
    await until('it closes', () => other.program.err.includes('was asked to end'))
    await askOnceMore(other.program, signal)
    t.equal(await other.program.ended, signal === 'SIGTERM' ? 143 : 131)
    t.match(
      other.program.err,
      /WARN +The gateway was asked to end once more, .* requestsRunning=1 connections=1/
    )
  }
})

t.test('a signal that comes twice at once is one, and another one soon after it is a second', async t => {
  const folder = t.testdir({ 'config.mjs': 'export default { monotonic: () => 1_000 }' })
  // For its clock all comes at once.
  const { program, reply, letGo } = await startHeld(t, { args: ['--config', join(folder, 'config.mjs')] })
  program.process.kill('SIGTERM')
  await until('it closes', () => program.err.includes('was asked to end'))
  program.process.kill('SIGTERM')
  letGo()
  t.equal(await reply, 'held')
  t.equal(await program.ended, 0)
  const other = await startHeld(t)
  other.program.process.kill('SIGTERM')
  await until('it closes', () => other.program.err.includes('was asked to end'))
  other.program.process.kill('SIGINT')
  t.equal(await other.program.ended, 130)
})

t.test(
  'SIGHUP loads the handlers anew, without a certificate too; those that do not load are not taken',
  async t => {
    for (const isolation of isolations) {
      const { program, player, reply, letGo } = await startHeld(t, { args: ['--isolation', isolation] })
      const renew = (text: string) => writeFileSync(join(program.folder, 'a.js'), text)
      renew(handlers.replace('() => 1', '() => 2'))
      program.process.kill('SIGHUP')
      await until('they are loaded', () => program.err.includes('The handlers were loaded anew'))
      const other = await Player.connect(await waitForAddress(program))
      t.equal(await other.request('a.version'), 2)
      letGo()
      t.equal(await reply, 'held', 'what was in flight ends where it began')
      renew('this is no JavaScript')
      program.process.kill('SIGHUP')
      await until('they are not', () =>
        /ERROR The new handlers do not load; the old ones go on.*SyntaxError.*a\.js:1\)/.test(program.err)
      )
      t.equal(await player.request('a.version'), 2)
      renew(handlers.replace('() => 1', '() => 3'))
      program.err = ''
      for (let i = 0; i < 20; i++) program.process.kill('SIGHUP')
      await until('they are loaded', () => program.err.includes('loaded anew'))
      t.equal(await player.request('a.version'), 3)
      other.leave()
    }
  }
)

t.test('SIGHUP while it drains, SIGUSR2 and SIGPIPE change nothing', async t => {
  const { program, player, reply, letGo } = await startHeld(t)
  program.process.kill('SIGUSR2')
  await until('it is told', () => program.err.includes('SIGUSR2 means nothing here, and is ignored'))
  program.process.kill('SIGPIPE')
  program.process.kill('SIGTERM')
  await until('it closes', () => program.err.includes('was asked to end'))
  program.process.kill('SIGHUP')
  await until('it is told', () => program.err.includes('SIGHUP is ignored: the gateway is ending'))
  letGo()
  t.equal(await reply, 'held')
  t.equal(await program.ended, 0)
  player.leave()
})

/** Handlers that never finish loading. */
const hanging = {
  'that waits': 'export const a = () => 1; await new Promise(resolve => setInterval(resolve, 1e9))',
  'that never gives its thread back': 'export const a = () => 1; while (true);'
}

t.test('a signal during the start ends it in peace, and leaves no worker behind', async t => {
  for (const isolation of isolations) {
    for (const [i, [what, code]] of Object.entries(hanging).entries()) {
      // Each signal with each module, but not in each isolation: a start is dear.
      const signal = (i === 0) === (isolation === 'thread') ? 'SIGTERM' : 'SIGINT'
      const program = startProgram(t, { handlers: '', args: ['--isolation', isolation] })
      const file = join(program.folder, 'pid')
      const tell = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(file)}, '' + process.pid);`
      writeFileSync(join(program.folder, 'b.mjs'), tell + code)
      await until('it loads', () => existsSync(file) && readFileSync(file, 'utf8') !== '', 30_000)
      program.process.kill('SIGHUP')
      await until('SIGHUP is ignored', () => program.err.includes('SIGHUP is ignored'))
      program.process.kill(signal)
      t.equal(await program.ended, 0, `${isolation}, a module ${what}, ${signal}`)
      const pid = Number(readFileSync(file, 'utf8'))
      await until('its worker has ended', () => !isAlive(pid))
      t.notMatch(program.err, /ERROR|HANDLERS_INVALID/)
      t.equal(program.out, '')
    }
  }
})

/** Sends the process one signal as soon as it begins to load a module of the program. */
function signalsItself(signal: string): string {
  // Newer versions of Node resolve a module for each of its importers.
  const hooks = `let isSent = false
  export async function resolve(specifier, context, next) {
    if (!isSent && specifier.endsWith('/commands.js')) {
      isSent = true
      process.kill(process.pid, '${signal}')
    }
    return next(specifier, context)
  }`
  const address = `data:text/javascript,${encodeURIComponent(hooks)}`
  const preload = `import { register } from 'node:module'; register(${JSON.stringify(address)})`
  return `data:text/javascript,${encodeURIComponent(preload)}`
}

t.test('a signal while the program loads ends it with code 0, or is ignored', async t => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) {
    const program = startProgram(t, { handlers, nodeArgs: ['--import', signalsItself(signal)] })
    t.equal(await program.ended, 0, signal)
    t.notMatch(program.err, /ERROR|^ +at /m)
    t.equal(program.out, '')
  }
  for (const signal of ['SIGHUP', 'SIGUSR2']) {
    const program = startProgram(t, { handlers, nodeArgs: ['--import', signalsItself(signal)] })
    await waitForAddress(program)
    program.process.kill('SIGTERM')
    t.equal(await program.ended, 0, signal)
  }
})

t.test(
  'without files to load itself the program says so in one sentence, and exits with 1',
  { skip: process.platform !== 'linux' },
  t => {
    // Node alone needs fewer. Up to Node 24 they lack for the program's modules, later for its first worker.
    for (const files of [30, 38]) {
      const start = `unset NODE_OPTIONS; ulimit -n ${files}; exec "$0" "$@"`
      const given = [process.execPath, main, '--handlers', fixture('handlers-returning'), '--port', '0']
      const { status, stderr } = spawnSync('sh', ['-c', start, ...given], { encoding: 'utf8' })
      t.equal(status, 1)
      t.match(
        stderr,
        /^sallyport: ([^\n:]*: )?EMFILE: too many open files[^\n]*; raise the limit of ulimit -n\n$/
      )
    }
    t.end()
  }
)

t.test(
  'where no file may be written, workers that are processes do not start',
  { skip: process.platform === 'win32' },
  async t => {
    const program = startProgram(t, {
      handlers,
      args: ['--isolation', 'process'],
      nodeArgs: ['-c', 'unset NODE_OPTIONS; ulimit -f 0; exec "$0" "$@"', process.execPath],
      command: 'sh'
    })
    t.equal(await program.ended, 1)
    t.match(program.err, /^sallyport: .*EFBIG/m)
  }
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

t.test(
  'it starts beside a Service of Kubernetes that has its name, and beside unknown variables',
  async t => {
    const program = startProgram(t, {
      handlers,
      env: {
        SALLYPORT_SERVICE_HOST: '10.0.0.1',
        SALLYPORT_SERVICE_PORT: '3010',
        SALLYPORT_SERVICE_PORT_WS: '3010',
        SALLYPORT_PORT: 'tcp://10.0.0.1:3010',
        SALLYPORT_PORT_3010_TCP: 'tcp://10.0.0.1:3010',
        SALLYPORT_PORT_3010_TCP_ADDR: '10.0.0.1',
        SALLYPORT_REDIS_SERVICE_HOST: '10.0.0.2',
        SALLYPORT_WORKRES: '2'
      }
    })
    await waitForAddress(program)
    matchRows(t, program.err.trim().split('\n'), [
      /WARN {2}SALLYPORT_PORT=tcp:\/\/10.0.0.1:3010 is an address that Kubernetes gives of a Service/,
      /WARN {2}SALLYPORT_WORKRES in the environment is no option.* did you mean SALLYPORT_WORKERS\?$/
    ])
    t.equal(program.err.trim().split('\n').length, 2)
  }
)

t.test('an end that fails ends the process at once, with exit code 70', async t => {
  const file = join(t.testdir(), 'failing.mjs')
  const program = join(root, 'dist/gateway/program/program.js')
  // Longer than the test may take: nothing is waited for.
  const limits = { drainTimeout: 600_000, drainSpread: 0, closeTimeout: 0, nats: 'none' }
  writeFileSync(
    file,
    `import { Program } from ${JSON.stringify(program)}
    const write = (message, { error } = {}) => console.log(message, error?.message ?? '')
    const options = { ...${JSON.stringify(limits)}, log: { info: write, warn: write, error: write } }
    const drain = async () => { throw new Error('of the drain') }
    await new Program({ options, drain, start: async () => {} }).start()
    setInterval(() => {}, 1_000)
    process.kill(process.pid, 'SIGTERM')`
  )
  const { status, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 })
  t.equal(status, 70)
  t.match(stdout, /The gateway has not ended as it should: exit code 70 of the drain\n$/)
})
