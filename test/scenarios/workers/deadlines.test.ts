/** Deadlines over real sockets and threads, with a clock that stands still until a test moves it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { GatewayOptions } from '../../../gateway/index.js'
import { Clock } from '../../helpers/clock.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const clock = new Clock()
  // Nothing else may happen when the clock jumps: no client is silent, and no request has waited for too
  // long.
  const still = { heartbeat: 0, maxQueueDelay: 0 }
  const { monotonic } = clock
  const running = await startGateway(t, 'deadlines', {
    workers: 1,
    requestTimeout: 1_000,
    monotonic,
    ...still,
    ...options
  })
  const { lines, gateway } = running
  const fieldsOf = (message: string) =>
    lines.filter(line => line.message === message).map(line => line.fields)
  return {
    ...running,
    clock,
    fieldsOf,
    /** Waits until a handler has logged that message. */
    said: (message: string, fields: Record<string, unknown> = {}) =>
      until(`a handler has said "${message}"`, () =>
        fieldsOf(message).some(each => Object.entries(fields).every(([name, value]) => each[name] === value))
      ),
    /** Waits until the gateway holds that many requests without an answer. */
    holds: (count: number) =>
      until(`the gateway holds ${count} requests`, () => {
        const { requestsWaiting, requestsRunning } = gateway.metrics()
        return requestsWaiting + requestsRunning === count
      }),
    /** Waits until the workers have finished all that was handed out to them, answered or not. */
    settled: () => until('nothing is handed out any more', () => gateway.metrics().turns === 0)
  }
}

const timedOut = { code: 'TIMEOUT', message: /was not answered within 1000 ms/ }

t.test(
  'a request past its deadline gets TIMEOUT, once, and what its handler answers later is nothing',
  async t => {
    const { connect, clock, said, settled, gateway } = await start(t)
    const [player, other] = [await connect(), await connect()]
    const waiting = player.request('job.wait', { gate: 'a' })
    await said('started')
    // A request with half the time proves that the deadlines were checked.
    const hasty = other.request('job.hasty', { gate: 'b' })
    await said('started', { gate: 'b' })
    let isOver = false
    void waiting.catch(() => {
      isOver = true
    })
    await clock.jump(999)
    await t.rejects(hasty, { code: 'TIMEOUT', message: /"job\.hasty" was not answered within 500 ms/ })
    t.equal(isOver, false, 'not before')
    await clock.jump(1)
    await t.rejects(waiting, timedOut)
    for (const gate of ['a', 'b']) await other.request('job.open', { gate })
    await said('went on', { gate: 'a' })
    await settled()
    await player.request('job.quick', { name: 'next' })
    t.same([...player.strays, ...other.strays], [])
    t.match(gateway.metrics(), { timeouts: 2, errors: 2, workersLost: 0, requestsRunning: 0 })
  }
)

t.test('time spent waiting in the lane counts', async t => {
  const { connect, clock, said, holds } = await start(t)
  const [player, other] = [await connect(), await connect()]
  const first = player.request('job.patient', { gate: 'a' })
  await said('started', { gate: 'a' })
  const second = player.request('job.wait', { gate: 'b' })
  await holds(2)
  await clock.jump(600)
  await other.request('job.open', { gate: 'a' })
  t.same(await first, { gate: 'a' })
  await said('started', { gate: 'b' })
  await clock.jump(400)
  await t.rejects(second, timedOut, '600 ms in the lane, and 400 in its handler')
  await other.request('job.open', { gate: 'b' })
})

for (const isolation of ['thread', 'process'] as const)
  t.test(`${isolation}: a request is aborted though its worker gets it with its abort, late`, async t => {
    const { connect, clock, said, settled, gateway } = await start(t, { isolation, stuckAfter: 0 })
    const [player, other] = [await connect(), await connect()]
    const file = join(t.testdir(), 'free')
    const occupying = player.request('job.occupy', { file })
    await said('started', { file })
    const obedient = other.request('job.obedient')
    await until('both are handed out', () => gateway.metrics().turns === 2)
    await clock.jump(1_000)
    await t.rejects(occupying, timedOut)
    await t.rejects(obedient, timedOut)
    writeFileSync(file, '')
    await settled()
    t.match(gateway.metrics(), { handlersHanging: 0, workersLost: 0 })
  })

t.test('a request whose deadline passes while it waits is not run at all', async t => {
  const { connect, clock, said, settled, fieldsOf } = await start(t)
  const [player, other] = [await connect(), await connect()]
  // Batches stay small until requests are known to be quick. Then the gateway hands out what waits in a lane.
  await Promise.all(Array.from({ length: 300 }, () => other.request('job.read')))
  const [first, late] = player.atOnce(() => [
    player.request('job.patient', { gate: 'a' }),
    player.request('job.quick', { name: 'late' })
  ])
  await said('started', { gate: 'a' })
  await clock.jump(1_000)
  await t.rejects(late!, timedOut, 'it is answered while the first one still runs')
  const inTime = player.request('job.quick', { name: 'in time' })
  await other.request('job.open', { gate: 'a' })
  t.same(await first, { gate: 'a' })
  t.same(await inTime, { name: 'in time' })
  await settled()
  t.same(
    fieldsOf('ran').map(({ name }) => name),
    ['in time']
  )
})

t.test('nor is one that a process has, and whose thread another request occupies until then', async t => {
  const file = join(t.testdir({}), 'go')
  const { connect, clock, settled, fieldsOf, gateway } = await start(t, { isolation: 'process' })
  const [player, other] = [await connect(), await connect()]
  await Promise.all(Array.from({ length: 300 }, () => other.request('job.read')))
  const [first, late] = player.atOnce(() => [
    player.request('job.seize', { file }),
    player.request('job.quickAlone', { name: 'late' })
  ])
  await until('the process has both', () => gateway.metrics().requestsRunning === 2)
  await clock.jump(1_000)
  await t.rejects(late!, timedOut)
  writeFileSync(file, '')
  await first
  await settled()
  t.same(await player.request('job.quick', { name: 'in time' }), { name: 'in time' })
  t.same(
    fieldsOf('ran').map(({ name }) => name),
    ['in time']
  )
  t.match(gateway.metrics(), { handlersHanging: 0, requestsRunning: 0, workersLost: 0 })
})

t.test('a handler with timeout 0 is never timed out', async t => {
  const { connect, clock, said, gateway } = await start(t)
  const [player, other] = [await connect(), await connect()]
  const patient = player.request('job.patient', { gate: 'a' })
  const waiting = other.request('job.wait', { gate: 'b' })
  await said('started', { gate: 'a' })
  await said('started', { gate: 'b' })
  await clock.jump(10 * 24 * 3_600_000)
  await t.rejects(waiting, timedOut, 'deadlines were looked at')
  t.equal(gateway.metrics().requestsRunning, 1)
  await other.request('job.open', { gate: 'a' })
  t.same(await patient, { gate: 'a' })
  await other.request('job.open', { gate: 'b' })
  t.equal(gateway.metrics().timeouts, 1)
})

t.test("with requestTimeout 0 only a handler's own deadline counts", async t => {
  const { connect, clock, said } = await start(t, { requestTimeout: 0 })
  const [player, other] = [await connect(), await connect()]
  const waiting = player.request('job.wait', { gate: 'a' })
  const hasty = other.request('job.hasty', { gate: 'b' })
  await said('started', { gate: 'a' })
  await said('started', { gate: 'b' })
  await clock.jump(3_600_000)
  await t.rejects(hasty, { code: 'TIMEOUT', message: /within 500 ms/ })
  for (const gate of ['a', 'b']) await other.request('job.open', { gate })
  t.same(await waiting, { gate: 'a' })
})

t.test("at the deadline the handler's signal is aborted", async t => {
  const { connect, clock, said, settled, fieldsOf } = await start(t)
  const player = await connect()
  const obedient = player.request('job.obedient')
  await said('started')
  await clock.jump(1_000)
  await t.rejects(obedient, timedOut)
  await said('aborted')
  matchRows(t, fieldsOf('started'), [{ aborted: false }])
  matchRows(t, fieldsOf('aborted'), [{ reason: 'timeout' }])
  await settled()
  t.same(player.strays, [])
})

t.test(
  'what a handler asks for after its deadline is refused with REQUEST_ENDED, and has no effect',
  async t => {
    const { connect, clock, said, settled, fieldsOf, gateway } = await start(t)
    const player = await connect()
    await player.request('job.login', { uid: 'early' })
    const stubborn = player.request('job.stubborn')
    await said('started')
    await clock.jump(1_000)
    await t.rejects(stubborn, timedOut)
    await said('tried')
    const [{ ended }] = fieldsOf('tried') as [{ ended: Record<string, string> }]
    t.equal(Object.keys(ended).length, 16)
    for (const [name, code] of Object.entries(ended)) t.equal(code, 'REQUEST_ENDED', name)
    await settled()
    t.match(await player.request('job.read'), { uid: 'early', settings: {} })
    t.same([player.events, player.strays], [[], []])
    t.match(gateway.metrics(), { channels: 0, sessions: 1, workersLost: 0 })
  }
)

t.test('its lane goes on: the next request runs while the handler still does', async t => {
  const { connect, clock, said, settled, gateway } = await start(t)
  const [player, other] = [await connect(), await connect()]
  const waiting = player.request('job.wait', { gate: 'a' })
  await said('started')
  await clock.jump(1_000)
  await t.rejects(waiting, timedOut)
  t.same(await player.request('job.quick', { name: 'next' }), { name: 'next' })
  t.equal(gateway.metrics().turns, 1, 'the handler is not through')
  await other.request('job.open', { gate: 'a' })
  await settled()
})

t.test('a notify past its deadline is told to the log, and its lane goes on', async t => {
  const { connect, clock, said, holds, fieldsOf } = await start(t)
  const [player, other] = [await connect(), await connect()]
  player.notify('job.wait', { gate: 'a' })
  await said('started')
  const next = player.request('job.quick', { name: 'next' })
  await holds(2)
  await clock.jump(1_000)
  await said('A notify failed', { route: 'job.wait', code: 'TIMEOUT' })
  await t.rejects(next, timedOut, 'who waited behind it for as long is late, too')
  t.same(await player.request('job.quick', { name: 'after' }), { name: 'after' })
  await other.request('job.open', { gate: 'a' })
  t.equal(fieldsOf('A notify failed').length, 1)
  t.same(player.strays, [])
})
