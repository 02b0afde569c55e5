/** A debugger at a breakpoint of a handler: time limits are off while an inspector is open. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startWithTwoWorkers } from '../../helpers/gateway.js'
import { Debugger } from '../../helpers/inspector.js'
import { failureOf, Player } from '../../helpers/player.js'
import { type RunningProgram, startProgram, waitForAddress } from '../../helpers/program.js'
import { until } from '../../helpers/until.js'

const handlers = `
import inspector from 'node:inspector'
export function add({ a, b }) {
  const sum = a + b // a breakpoint
  return { sum }
}
export function spin() {
  for (;;);
}
export function open() {
  inspector.open(0, '127.0.0.1', true)
  return 'goes on'
}
export async function wait(body, session, context) {
  await new Promise(resolve => context.signal.addEventListener('abort', resolve))
}
`

/** Short limits, which a pause of `longPause` exceeds several times. */
const limits = [
  // Of a second, since a busy machine may let a worker wait for some of it before the limits are off.
  '--stuck-after',
  '1000',
  '--request-timeout',
  '200',
  '--heartbeat',
  '200',
  '--max-pause',
  '300'
]
const longPause = 2_500

/** Waits until the clock of a process has advanced by more than any limit. Works while it is paused, too. */
async function waitBeyondLimits(process: Debugger): Promise<void> {
  const read = async () => {
    const { result } = await process.post('Runtime.evaluate', { expression: 'performance.now()' })
    return result.value as number
  }
  const end = (await read()) + longPause
  while ((await read()) < end) await new Promise(resolve => setTimeout(resolve, 20))
}

async function start(t: Test, nodeArgs: readonly string[], args: readonly string[]) {
  const program = startProgram(t, { handlers, nodeArgs, args: [...limits, ...args] })
  const url = await waitForAddress(program)
  const connect = async () => {
    const player = await Player.connect(url)
    t.teardown(() => player.leave())
    return player
  }
  return { program, connect }
}

async function findInspector(program: RunningProgram): Promise<string> {
  const find = () => /Debugger listening on ws:\/\/([^/]+)\//.exec(program.err)?.[1]
  await until('the inspector is open', () => find() !== undefined)
  return find()!
}

/** Opens the inspector of a program that runs, and attaches to it. */
async function open(t: Test, program: RunningProgram) {
  program.process.kill('SIGUSR1')
  const main = await Debugger.attach(await findInspector(program))
  t.teardown(() => main.detach())
  await until('the limits are off', () => program.err.includes('Time limits are off: an inspector is open'))
  return main
}

async function close(main: Debugger, program: RunningProgram): Promise<void> {
  // The answer may not come: the inspector closes before.
  void main.post('Runtime.evaluate', { expression: 'process._debugEnd()' })
  await until('the limits are on', () => program.err.includes('Time limits are on again'))
}

t.test('a handler of a thread may stand at a breakpoint longer than any limit, and then answers', async t => {
  const { program, connect } = await start(t, ['--inspect-port=0'], [])
  const [red, blue] = [await connect(), await connect()]
  const main = await open(t, program)
  const [thread] = await main.attachToThreads(1)
  await thread!.breakAt('/a.js', 'a breakpoint')
  const paused = once(thread!, 'Debugger.paused')
  const replies = [red.request('a.add', { a: 1, b: 2 })]
  await paused
  replies.push(red.request('a.add', { a: 3, b: 4 }), blue.request('a.add', { a: 5, b: 6 }))
  await waitBeyondLimits(main)
  await thread!.post('Debugger.disable')
  t.same(await Promise.all(replies), [{ sum: 3 }, { sum: 7 }, { sum: 11 }])

  const waits = red.request('a.wait')
  await waitBeyondLimits(main)
  await close(main, program)
  t.match(await failureOf(waits), { code: 'TIMEOUT' }, 'a request that was open has its whole time anew')
  t.match(await failureOf(red.request('a.spin')), { code: 'TIMEOUT' })
  await until('the watchdog has ended it', () => program.err.includes('A worker is stuck, and is ended'))
  await until('another worker is up', () => program.err.includes('A worker was replaced'))
  t.same(await blue.request('a.add', { a: 1, b: 1 }), { sum: 2 })
})

t.test('a gateway at a breakpoint closes no connection as silent', async t => {
  const { program, connect } = await start(t, ['--inspect=0'], [])
  t.match(program.err, /Time limits are off/)
  const main = await Debugger.attach(await findInspector(program))
  t.teardown(() => main.detach())
  const red = await connect()
  await main.post('Debugger.enable')
  const paused = once(main, 'Debugger.paused')
  await main.post('Debugger.pause')
  await paused
  await waitBeyondLimits(main)
  await main.post('Debugger.disable')
  t.same(await red.request('a.add', { a: 1, b: 2 }), { sum: 3 })
  t.equal(program.err.match(/Time limits/g)?.length, 1)
})

t.test('a worker process has an inspector of its own, and its handler may stand at a breakpoint', async t => {
  const folder = t.testdir({ 'a.js': handlers })
  const options = { stuckAfter: 300, requestTimeout: 200, workerArgv: ['--inspect=0'] }
  const { lines, connect } = await startWithTwoWorkers(t, folder, {
    ...options,
    isolation: 'process'
  })
  const red = await connect()
  const find = () => lines.filter(({ message }) => message === 'The inspector of a worker is open')
  await until('both inspectors are told', () => find().length === 2)
  const workers = await Promise.all(find().map(({ fields }) => Debugger.attach(fields['at'] as string)))
  t.teardown(() => workers.map(worker => worker.detach()))
  await Promise.all(workers.map(worker => worker.breakAt('/a.js', 'a breakpoint')))
  const paused = workers.map(worker => once(worker, 'Debugger.paused').then(() => worker))
  const reply = red.request('a.add', { a: 1, b: 2 })
  const worker = await Promise.race(paused)
  await waitBeyondLimits(worker)
  await worker.post('Debugger.disable')
  t.same(await reply, { sum: 3 })

  for (const each of workers) void each.post('Runtime.evaluate', { expression: 'process._debugEnd()' })
  const areOn = () => lines.some(({ message }) => message.startsWith('Time limits are on again'))
  await until('the limits are on', areOn)
  t.match(await failureOf(red.request('a.spin')), { code: 'TIMEOUT' })
})

for (const isolation of ['thread', 'process'] as const)
  t.test(`a handler of a ${isolation} may open an inspector, and wait there for a debugger`, async t => {
    const folder = t.testdir({ 'a.js': handlers })
    const options = { stuckAfter: 300, requestTimeout: 200, workers: 1, isolation }
    const { lines, connect } = await startWithTwoWorkers(t, folder, options)
    const reply = (await connect()).request('a.open')
    const find = () => lines.find(({ message }) => message === 'The inspector of a worker is open')
    await until('the inspector is told', () => find() !== undefined)
    const worker = await Debugger.attach(find()!.fields['at'] as string)
    t.teardown(() => worker.detach())
    await waitBeyondLimits(worker)
    await worker.post('Runtime.runIfWaitingForDebugger')
    t.equal(await reply, 'goes on')
  })
