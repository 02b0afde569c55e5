/** Handlers that never give their thread back, and routes that end workers again and again. */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pulsesPerVerdict } from '../../../gateway/dispatch/watchdog.js'
import { createLogger } from '../../../shared/text/log.js'
import { type RunningGateway, startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-limits')

t.test(
  'a worker that is stuck is ended: its culprit gets TIMEOUT, others WORKER_LOST, the rest runs elsewhere',
  async t => {
    const { connect, gateway, lines } = await startGateway(t, handlers, {
      workers: 1,
      stuckAfter: 300
    })
    const [culprit, other, patient] = [await connect(), await connect(), await connect()]
    const waiting = other.request('fault.wait')
    await until('the other waits', () => other.events.length === 1)
    const looping = culprit.request('fault.loop')
    await until('it loops', () => gateway.metrics().requestsRunning === 2)
    const rest = patient.request('work.quick')
    await t.rejects(looping, {
      code: 'TIMEOUT',
      message: '"fault.loop" was not answered: the event loop of its worker did not turn for 300 ms'
    })
    await t.rejects(waiting, { code: 'WORKER_LOST' })
    t.equal(await rest, 1)
    t.match(gateway.metrics(), { sessions: 3, workersStuck: 1, workersLost: 1, connectionsClosed: 0 })
    matchRows(
      t,
      lines.filter(({ level }) => level === 'error'),
      [
        { message: 'A worker is stuck, and is ended' },
        { message: 'A worker ended', fields: { route: 'fault.loop' } }
      ]
    )
  }
)

t.test('the count of crashes never goes down when a worker is found stuck', async t => {
  const crashes: number[] = []
  const log = createLogger('debug', () => {
    if (running === undefined) return
    const { workersLost, workersStuck, workersMute, workersOutOfMemory } = running.gateway.metrics()
    crashes.push(workersLost - workersStuck - workersMute - workersOutOfMemory)
  })
  let running: RunningGateway | undefined
  running = await startGateway(t, handlers, { workers: 1, stuckAfter: 300, log })
  const player = await running.connect()
  await t.rejects(player.request('fault.end', { how: 'exit' }), { code: 'HANDLER_FATAL' })
  await t.rejects(player.request('fault.loop'), { code: 'TIMEOUT' })
  t.equal(await player.request('work.quick'), 1)
  t.ok(crashes.includes(1))
  t.same(crashes, crashes.toSorted())
})

t.test('a worker that is stuck in onStop after a reload counts as reloaded, not as lost', async t => {
  const folder = t.testdir({
    'work.js': 'export function quick() { return 1 }',
    '_hooks.js': `
      import { existsSync, writeFileSync } from 'node:fs'
      const file = new URL('./stuck', import.meta.url)
      export function onStop() {
        if (existsSync(file)) return
        writeFileSync(file, '')
        for (;;);
      }`
  })
  const { gateway, lines } = await startGateway(t, folder, { stuckAfter: 300 })
  await gateway.reload()
  await until('it is ended', () => lines.some(({ message }) => message === 'A worker is stuck, and is ended'))
  t.match(gateway.metrics(), { workersReloaded: 1, workersStuck: 0, workersLost: 0 })
})

t.test('one that is stuck behind an await is found too', async t => {
  const { connect } = await startGateway(t, handlers, { workers: 1, stuckAfter: 300 })
  const player = await connect()
  await t.rejects(player.request('fault.loopLater'), { code: 'TIMEOUT' })
  t.equal(await player.request('work.quick'), 1)
})

/** Runs a request whose system call takes a minute. `standUp` ends the call. */
async function sitDown(t: Test, { connect }: RunningGateway) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'pid')
  const player = await connect()
  const sitting = player.request('fault.sit', { file })
  sitting.catch(() => {})
  const pid = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
  await until('it sits', () => pid() > 0)
  return { player, sitting, standUp: () => process.kill(pid()) }
}

t.test('one whose thread sits in a call of the system is replaced before that is over', async t => {
  const running = await startGateway(t, handlers, { workers: 1, stuckAfter: 300 })
  const { player, sitting, standUp } = await sitDown(t, running)
  await t.rejects(sitting, { code: 'TIMEOUT' })
  t.equal(await player.request('work.quick'), 1)
  t.match(running.gateway.metrics(), { workersStuck: 1, workersLost: 1 })
  t.ok(standUp(), 'it still sat')
})

t.test('a close does not wait for such a thread', async t => {
  const running = await startGateway(t, handlers, { workers: 1, stuckAfter: 0, closeTimeout: 100 })
  const { standUp } = await sitDown(t, running)
  await running.gateway.close()
  t.ok(standUp(), 'it still sat')
})

t.test('one of a generation that a reload has replaced is ended too, so that its sessions go on', async t => {
  const { connect, gateway } = await startGateway(t, handlers, { workers: 1, stuckAfter: 2_000 })
  const player = await connect()
  const looping = player.request('fault.loop')
  await until('it loops', () => gateway.metrics().requestsRunning === 1)
  await gateway.reload()
  t.equal(gateway.metrics().workersStuck, 0)
  await t.rejects(looping, { code: 'TIMEOUT', message: /did not turn for 2000 ms/ })
  t.equal(await player.request('work.quick'), 1)
})

t.test('a request that its deadline has decided is still suspected of what holds its worker up', async t => {
  const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, stuckAfter: 400 })
  const player = await connect()
  t.equal(await player.request('work.quick'), 1, 'one that is over is none of those that may be')
  await t.rejects(player.request('fault.loopLate'), { code: 'TIMEOUT', message: /within 60 ms/ })
  await until('the worker has ended', () => gateway.metrics().workersLost === 1)
  t.match(
    lines.find(({ message }) => message === 'A worker ended'),
    { fields: { route: 'unknown', suspect: 'fault.loopLate' } }
  )
})

/** Blocks this thread, in which the gateway runs, until a file has that many bytes. */
function standStillUntil(file: string, bytes: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync(file) || statSync(file).size < bytes) Atomics.wait(cell, 0, 0, 1)
}

for (const isolation of ['thread', 'process'] as const) {
  t.test(`a gateway that stood still itself takes no worker for stuck (${isolation})`, async t => {
    const options = { workers: 1, isolation, stuckAfter: 200 }
    const { connect, gateway, lines } = await startWithTwoWorkers(t, handlers, options)
    const player = await connect()
    const folder = t.testdir()
    for (let i = 1; i <= 3; i++) {
      // The worker adds a byte at each interval of the gateway's checks. Six checks without a pulse find it
      // stuck.
      const file = join(folder, `ticks ${i}`)
      await player.request('work.tick', { file, every: 200 / pulsesPerVerdict })
      standStillUntil(file, 3 * pulsesPerVerdict)
      // A check that is due comes before the reply.
      await player.request('work.quick')
    }
    t.match(gateway.metrics(), { workersStuck: 0, workersLost: 0 })
    t.same(
      lines.filter(({ level }) => level === 'error'),
      []
    )
  })
}

t.test('a worker that computes for long, but not for too long, is left alone', async t => {
  const { connect, gateway } = await startGateway(t, handlers, { workers: 1, stuckAfter: 2_000 })
  const player = await connect()
  const file = join(t.testdir(), 'go')
  const computed = player.request('work.burnUntil', { file })
  // By then, half of the checks that find a worker stuck have seen no progress.
  await until('the gateway doubts its worker', () => !gateway.isReady)
  writeFileSync(file, '')
  t.equal(await computed, 1)
  t.equal(await player.request('work.quick'), 2, 'by the same worker')
  await until('the gateway trusts its worker again', () => gateway.isReady)
  t.match(gateway.metrics(), { workersStuck: 0, workersLost: 0 })
})

t.test('a route that ends workers again and again is refused for a while, and others are not', async t => {
  let ahead = 0
  const monotonic = () => performance.now() + ahead
  const { connect, gateway, lines } = await startGateway(t, handlers, { workers: 1, monotonic })
  const player = await connect()
  for (let i = 0; i < 3; i++) await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' })
  await t.rejects(player.request('fault.exit'), {
    code: 'ROUTE_SUSPENDED',
    message: /is tried again in \d+ ms/
  })
  t.equal(await player.request('work.quick'), 1)
  t.match(gateway.metrics(), { workersLost: 3, routesSuspended: 1 })
  t.match(
    lines.find(({ message }) => message.startsWith('A route is suspended')),
    { level: 'error', fields: { route: 'fault.exit', cause: 'process.exit(1)' } }
  )
  ahead = 61_000
  await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' }, 'it is tried again')
  await t.rejects(player.request('fault.exit'), { code: 'ROUTE_SUSPENDED' }, 'and one more death is enough')
})

t.test(
  'however they end, deaths count; and a reload, which may have mended the route, lifts its suspension',
  async t => {
    const { connect, gateway, lines } = await startGateway(t, handlers, {
      workers: 1,
      stuckAfter: 300
    })
    const player = await connect()
    await t.rejects(player.request('fault.end', { how: 'exit' }), { code: 'HANDLER_FATAL' })
    await t.rejects(player.request('fault.end', { how: 'throw' }), { code: 'HANDLER_FATAL' })
    await t.rejects(player.request('fault.end', { how: 'loop' }), { code: 'TIMEOUT' })
    await t.rejects(player.request('fault.end', { how: 'exit' }), { code: 'ROUTE_SUSPENDED' })
    t.match(
      lines.find(({ message }) => message.startsWith('A route is suspended')),
      { fields: { route: 'fault.end', cause: 'its event loop did not turn for 300 ms' } }
    )
    await gateway.reload()
    t.equal(await player.request('fault.end', { how: 'reply' }), 'alive')
    await t.rejects(player.request('fault.end', { how: 'exit' }), { code: 'HANDLER_FATAL' })
    t.equal(await player.request('fault.end', { how: 'reply' }), 'alive', 'and it is on probation no more')
  }
)
