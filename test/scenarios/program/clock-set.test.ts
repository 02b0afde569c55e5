/**
 * Changes of the machine's clock, an hour on and an hour back, during everything that lasts. Nothing ends
 * sooner or later. Gateways measure by a clock of the test, which moves only when the test moves it.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { connect } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import { wallClock } from '../../../shared/clock.js'
import { createTextLogger } from '../../../shared/text/log.js'
import { Clock } from '../../helpers/clock.js'
import { handlersFolder, startGateway, startProxy } from '../../helpers/gateway.js'
import { JumpingClock } from '../../helpers/jumping-clock.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const hour = 3_600_000

/** Starts a gateway with one worker and a clock that stands still, so that nothing ends by itself. */
async function start(t: Test, handlers: string, options: Partial<GatewayOptions> = {}) {
  const clock = new Clock()
  const { monotonic } = clock
  // A short window makes the gateway check its clock often.
  const still = { workers: 1, heartbeat: 0, requestTimeout: 0, stuckAfter: 0, resumeWindow: 40, monotonic }
  return { clock, ...(await startGateway(t, handlers, { ...still, ...options })) }
}

/** Each duration by the name of what must hold. `set` sets the machine's clock. */
const durations: Record<string, (t: Test, set: () => void) => Promise<void>> = {
  async 'a route is suspended for its minute'(t, set) {
    const { clock, connect } = await start(t, fixture('handlers-limits'))
    const player = await connect()
    for (let i = 0; i < 2; i++) await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' })
    set()
    await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' }, 'the third death in a minute')
    set()
    const suspended = { code: 'ROUTE_SUSPENDED', message: /again in 60000 ms/ }
    await t.rejects(player.request('fault.exit'), suspended)
    await clock.jump(59_999)
    await t.rejects(player.request('fault.exit'), { code: 'ROUTE_SUSPENDED', message: /again in 1 ms/ })
    await clock.jump(1)
    await t.rejects(player.request('fault.exit'), { code: 'HANDLER_FATAL' })
  },

  async 'rates of requests, of bytes and of a route give what passes in time, and no more'(t, set) {
    const rates = { maxRequestsPerSecond: 5, maxBytesPerSecond: 500 }
    const { clock, connect } = await start(t, fixture('handlers-limits'), rates)
    const [many, large, seldom] = [await connect(), await connect(), await connect()]
    await Promise.all(Array.from({ length: 10 }, () => many.request('work.quick')))
    await large.request('work.quick', 'x'.repeat(1_000))
    for (let i = 0; i < 2; i++) await seldom.request('work.seldom')
    set()
    const refused = (retryAfter: number) => ({ code: 'RATE_LIMITED', data: { retryAfter } })
    await t.rejects(many.request('work.quick'), refused(200))
    await t.rejects(large.request('work.quick', 'x'.repeat(98)), { code: 'RATE_LIMITED' })
    await t.rejects(seldom.request('work.seldom'), refused(1_000))
    await clock.jump(1_000)
    t.ok(await many.request('work.quick'))
    t.ok(await large.request('work.quick', 'x'.repeat(98)))
    t.ok(await seldom.request('work.seldom'))
  },

  async 'the rate of frames gives one burst, and no second'(t, set) {
    const { connect } = await start(t, fixture('handlers-limits'), { maxFramesPerSecond: 5 })
    const player = await connect()
    let pongs = 0
    player.ws.on('pong', () => pongs++)
    const ping = async (times: number) => {
      const before = pongs
      for (let i = 0; i < times; i++) player.ws.ping()
      await until('all were answered', () => pongs === before + times)
      set()
    }
    await ping(5)
    await ping(5)
    player.ws.ping()
    t.match(await player.closed, { code: 4507 })
  },

  async 'notifies that are refused are told of within a second'(t, set) {
    const { connect } = await start(t, fixture('handlers-limits'), { maxRequestsPerSecond: 5 })
    const player = await connect()
    for (let i = 0; i < 12; i++) player.notify('work.quick')
    await t.rejects(player.request('work.quick'), { code: 'RATE_LIMITED' })
    set()
    await until('it is told', () => player.events.length === 1)
    matchRows(t, player.events, [['$error', { error: 'RATE_LIMITED', dropped: 2 }]])
  },

  async 'a request has until its deadline'(t, set) {
    const { clock, connect, lines } = await start(t, 'deadlines', { requestTimeout: 1_000 })
    const [player, other] = [await connect(), await connect()]
    let isOver = false
    const waiting = player.request('job.wait', { gate: 'a' }).finally(() => {
      isOver = true
    })
    const hasty = other.request('job.hasty', { gate: 'b' })
    await until('both run', () => lines.filter(({ message }) => message === 'started').length === 2)
    set()
    await clock.jump(500)
    await t.rejects(hasty, { code: 'TIMEOUT' })
    t.equal(isOver, false)
    await clock.jump(500)
    await t.rejects(waiting, { code: 'TIMEOUT' })
  },

  async 'who waits for a worker has waited for as long as it is'(t, set) {
    const { clock, connect, gateway } = await start(t, fixture('handlers-limits'), { maxQueueDelay: 50 })
    const [busy, waiting, late] = [await connect(), await connect(), await connect()]
    void busy.request('work.burn', { ms: 10_000 })
    await until('it burns', () => gateway.metrics().requestsRunning === 1)
    void waiting.request('work.quick')
    await until('one waits', () => gateway.metrics().requestsWaiting === 1)
    set()
    t.equal(gateway.metrics().queueDelay, 0)
    void late.request('work.quick')
    await until('another is let in', () => gateway.metrics().requestsWaiting === 2)
    await clock.jump(60)
    t.equal(gateway.metrics().queueDelay, 60)
    await t.rejects(late.request('work.quick'), { code: 'OVERLOADED' })
    await gateway.killWorker(0)
  },

  async 'who says nothing is silent after two heartbeats'(t, set) {
    const { clock, connect, gateway } = await start(t, 'wire', { heartbeat: 40 })
    const mute = new WebSocket(gateway.url, 'sallyport.json', { autoPong: false })
    t.teardown(() => mute.terminate())
    const closed = new Promise(resolve => mute.once('close', resolve))
    await until('it is there', () => gateway.metrics().sessions === 1)
    set()
    await clock.looked()
    await clock.advance(70)
    t.equal(gateway.metrics().connections, 1, 'not before')
    const player = await connect()
    await clock.advance(10)
    t.equal(await closed, 4001)
    t.same(await player.request('echo.box', 1), { body: 1 })
  },

  async 'who does not say who they are has the time that a handshake has'(t, set) {
    const { clock, gateway } = await start(t, 'wire', { handshakeTimeout: 40 })
    const silent = new WebSocket(gateway.url)
    t.teardown(() => silent.terminate())
    const closed = new Promise(resolve => silent.once('close', resolve))
    await until('it is there', () => gateway.metrics().connections === 1)
    set()
    await clock.looked()
    await clock.advance(30)
    t.equal(gateway.metrics().connections, 1, 'not before')
    await clock.advance(10)
    t.equal(await closed, 4002)
  },

  async 'a socket stays unread for no longer than maxPause'(t, set) {
    const { clock, connect, gateway, lines } = await start(t, 'lanes', { laneLimit: 4, maxPause: 40 })
    const player = await connect()
    void player.request('gate.wait', { gate: 'never' })
    await until('the first one waits', () => lines.some(line => line.message === 'waiting'))
    for (let i = 0; i < 10; i++) void player.request('counter.sync')
    await until('it is not read', () => gateway.metrics().socketsPaused === 1)
    set()
    await clock.looked()
    await clock.advance(30)
    t.equal(gateway.metrics().connections, 1, 'not before')
    await clock.advance(10)
    t.match(await player.closed, { code: 4000 })
  },

  async 'a session waits for its client for as long as it may'(t, set) {
    const { clock, gateway } = await start(t, fixture('handlers-resume'), { resumeWindow: 60 })
    const proxy = await startProxy(t, gateway.address.port)
    const client = await connect(proxy.url, { heartbeat: 100, heartbeatTimeout: 300 })
    t.teardown(() => client.close())
    proxy.isDown = true
    proxy.cut('reset')
    await until('it is away', () => gateway.metrics().detachedSessions === 1)
    set()
    await clock.looked()
    await clock.advance(50)
    t.equal(gateway.metrics().detachedSessions, 1, 'not before')
    await clock.advance(10)
    await until('its session is over', () => gateway.metrics().sessions === 0)
  },

  async 'pages that are refused fill a line of the log each ten seconds'(t, set) {
    const { clock, gateway, lines } = await start(t, 'wire')
    const told = async () => {
      const stranger = new WebSocket(gateway.url, { headers: { origin: 'http://evil.example' } })
      await new Promise(resolve => stranger.once('error', resolve))
      return lines.filter(({ message }) => message.startsWith('A page of another origin')).length
    }
    t.equal(await told(), 1)
    set()
    t.equal(await told(), 1)
    await clock.jump(9_999)
    t.equal(await told(), 1)
    await clock.jump(1)
    t.equal(await told(), 2)
  },

  async 'workers that end soon are started ever more seldom'(t, set) {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const cause = join(folder, 'cause')
    writeFileSync(
      join(folder, 'ends.js'),
      `import { existsSync } from 'node:fs'
       if (existsSync(${JSON.stringify(cause)})) setTimeout(() => { throw new Error('not for long') }, 20)
       export function hello() { return 'hello' }`
    )
    const { gateway, lines } = await start(t, folder)
    writeFileSync(cause, '')
    await gateway.killWorker(0)
    const pauses = () => lines.filter(({ message }) => message.startsWith('Workers end soon'))
    for (let ups = 0; pauses().length < 2; ) {
      await until('one is up, or two have not lived for long', () => {
        const { workersReady } = gateway.metrics()
        return (workersReady === 1 && gateway.metrics().workersStarted > ups) || pauses().length >= 2
      })
      ups = gateway.metrics().workersStarted
      set()
    }
    matchRows(
      t,
      pauses().map(({ fields }) => fields['nextTryInMs']),
      [100, 200]
    )
  },

  async 'a client takes a gateway that is silent for lost, and none that answers, and comes back'(t, set) {
    const { gateway } = await startGateway(t, fixture('handlers-resume'), { workers: 1 })
    const proxy = await startProxy(t, gateway.address.port)
    const quick = { backOff: { least: 200, most: 200 }, heartbeat: 50, heartbeatTimeout: 300 }
    const client = await connect(proxy.url, quick)
    t.teardown(() => client.close())
    let changes = 0
    client.onState(() => changes++)
    set()
    for (let i = 0; i < 3; i++) await client.request('player.seen')
    t.equal(changes, 0)
    proxy.cut('silent')
    set()
    await until('it is lost', () => client.state === 'resuming')
    set()
    await until('it is back', () => client.state === 'open')
    set()
    const held = client.request('player.hold', { key: 'clock' }, { timeout: 50 })
    await t.rejects(held, { code: 'REQUEST_TIMED_OUT' })
  }
}

for (const [how, by] of Object.entries({ back: -hour, on: hour })) {
  t.test(`where the machine's clock is set ${how}`, async t => {
    for (const [name, run] of Object.entries(durations)) {
      await t.test(name, async t => {
        const day = new JumpingClock()
        t.teardown(day.install())
        await run(t, () => day.jump(by))
      })
    }
  })
}

t.test('the log shows the time to which the clock was set', async t => {
  const day = new JumpingClock()
  t.teardown(day.install())
  let line = ''
  const log = createTextLogger('info', printed => (line = printed), wallClock)
  const shown = () => {
    log.info('a line')
    return Date.parse(line.split(' ')[0]!)
  }
  const before = shown()
  day.jump(hour)
  t.ok(shown() - before >= hour)
  day.jump(-2 * hour)
  t.ok(shown() < before)
})

t.test('players under load do not notice that the clock is set, on and back', async t => {
  const day = new JumpingClock()
  t.teardown(day.install())
  const { gateway, connect } = await startGateway(t, handlersFolder('lanes'), {
    now: day.now,
    heartbeat: 500,
    // A fast machine must not be refused for its speed.
    maxRequestsPerSecond: 100_000
  })
  const players = await Promise.all(Array.from({ length: 20 }, connect))
  let replies = 0
  const play = async (player: (typeof players)[number]) => {
    for (let i = 0; i < 500; i++) {
      await player.request('counter.sync')
      replies++
    }
  }
  const playing = Promise.all(players.map(play))
  for (let jumps = 1; jumps <= 40; jumps++) {
    await until('some more were answered', () => replies >= jumps * 200)
    day.jump(jumps % 2 === 0 ? hour : -hour)
  }
  await playing
  t.equal(replies, 10_000)
  t.match(gateway.metrics(), {
    requests: 10_000,
    replies: 10_000,
    errors: 0,
    connections: 20,
    connectionsClosed: 0,
    sessions: 20
  })
})
