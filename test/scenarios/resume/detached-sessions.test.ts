/** Detached sessions: their limits, which of them are evicted, and their memory. */

import t, { type Test } from 'tap'
import { connect } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-resume')

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, handlers, { workers: 1, ...options })
  const { gateway } = running
  /** Connects from an address of this machine, sends requests, and disconnects without a close frame. */
  const visit = async (localAddress: string, ...asked: [route: string, body?: unknown][]) => {
    const player = await PomeloPlayer.join(gateway.url, { localAddress, sys: { resume: true } })
    t.teardown(() => player.leave())
    for (const [route, body] of asked) await player.request(route, body)
    const { connectionsClosed } = gateway.metrics()
    player.leave()
    await until('it is away', () => gateway.metrics().connectionsClosed > connectionsClosed)
    return player.answer!.sys!.resume!
  }
  /** Joins as the player `red` and cuts their connection. They do not come back before `goOn` is called. */
  const loseHonest = async () => {
    const proxy = await startProxy(t, gateway.address.port)
    const client = await connect(proxy.url, { backOff: { least: 1, most: 20 } })
    t.teardown(() => client.close())
    await client.request('player.login', { uid: 'red' })
    const ticks: unknown[] = []
    client.on('tick', body => ticks.push(body))
    proxy.isDown = true
    proxy.cut('reset')
    await until('the player is away', () => gateway.metrics().detachedSessions === 1)
    const goOn = async () => {
      const back = new Promise(resolve =>
        client.onState(change => change.state === 'open' && resolve(change))
      )
      proxy.isDown = false
      return back
    }
    return { ticks, goOn }
  }
  return { ...running, visit, loseHonest }
}

t.test('whoever leaves sessions behind pushes out their own, and no player of another address', async t => {
  const { gateway, lines, visit, loseHonest } = await start(t, { maxDetachedSessions: 10 })
  const { ticks, goOn } = await loseHonest()
  const first = await visit('127.0.0.2', ['player.login', { uid: 'ghost 0' }])
  for (let n = 1; n < 30; n++) {
    await visit('127.0.0.2', ['player.login', { uid: `ghost ${n}` }])
    t.ok(gateway.metrics().detachedSessions <= 10)
  }
  t.match(gateway.metrics(), { detachedSessions: 10, sessions: 10, detachedSessionsEvicted: 21 })
  t.same(
    lines.filter(({ message }) => message.includes('made room')).map(({ level, fields }) => [level, fields]),
    [['warn', { limit: 'maxDetachedSessions', address: '127.0.0.2' }]],
    'the log is told once in a while'
  )
  gateway.send('red', 'tick', 1)
  t.match(await goOn(), { resumed: true })
  await until('it has what it missed', () => ticks.length === 1)
  const { token, epoch } = first
  const back = await PomeloPlayer.join(gateway.url, { sys: { resume: { token, epoch, received: 0 } } })
  t.teardown(() => back.leave())
  t.match(back.answer?.sys?.resume, { resumed: false, reason: 'gone' }, 'who made room gets a new session')
})

t.test('of one address no more sessions are kept than one address may have', async t => {
  const { gateway, visit } = await start(t, { maxDetachedSessionsPerAddress: 3 })
  for (let n = 0; n < 6; n++) await visit('127.0.0.2', ['player.login', { uid: `ghost ${n}` }])
  for (let n = 0; n < 2; n++) await visit('127.0.0.3', ['player.login', { uid: `other ${n}` }])
  t.match(gateway.metrics(), { detachedSessions: 5, detachedSessionsEvicted: 3 })
  t.same(
    [0, 2, 3, 5].map(n => gateway.sessions.getByUid(`ghost ${n}`).length),
    [0, 0, 1, 1],
    'the oldest have gone'
  )
})

t.test(
  'what sessions hold counts while their clients are away, and whoever leaves most goes first',
  async t => {
    const { gateway, visit, loseHonest } = await start(t, { maxDetachedBytes: 1_048_576 })
    const { goOn } = await loseHonest()
    const before = gateway.metrics().detachedBytes
    await visit('127.0.0.2', ['player.stuff', { length: 60_000 }])
    const each = gateway.metrics().detachedBytes - before
    t.ok(each > 60_000 && each < 150_000, `${each} bytes for 60,000 characters`)
    for (let n = 0; n < 30; n++) {
      await visit('127.0.0.2', ['player.stuff', { length: 60_000 }])
      t.ok(gateway.metrics().detachedBytes <= 1_048_576)
    }
    t.equal(gateway.metrics().detachedSessions, 1 + Math.floor((1_048_576 - before) / each))
    t.match(await goOn(), { resumed: true })
  }
)

t.test('what is done to a session while its client is away counts too', async t => {
  const { gateway, visit } = await start(t, { maxDetachedBytes: 300_000 })
  await visit('127.0.0.2', ['player.login', { uid: 'red' }])
  const [red] = gateway.sessions.getByUid('red')
  const seen = () => gateway.metrics().detachedBytes
  let before = seen()
  red!.set('stuff', 'x'.repeat(60_000))
  t.ok(seen() >= before + 60_000, 'a setting')
  before = seen()
  gateway.channel('another').join(red!.id)
  t.ok(seen() > before, 'a channel')
  before = seen()
  gateway.send('red', 'tick', 'x'.repeat(10_000))
  t.ok(seen() >= before + 10_000, 'an event that is its own')
  gateway.send('red', 'tick', 'x'.repeat(200_000))
  t.match(gateway.metrics(), { sessions: 0, detachedBytes: 0, backlogBytes: 0, detachedSessionsEvicted: 1 })
})

t.test('a session that holds nothing waits for less than one that holds something', async t => {
  const { gateway, visit } = await start(t, { unboundResumeWindow: 30 })
  await visit('127.0.0.2', ['player.login', { uid: 'red' }])
  await visit('127.0.0.2', ['player.stuff', { length: 1 }])
  await visit('127.0.0.2', ['room.enter', { name: 'a' }])
  await visit('127.0.0.2', ['player.seen'])
  await until('it is over', () => gateway.metrics().sessions === 3)
  t.match(gateway.metrics(), { detachedSessions: 3, detachedSessionsEvicted: 0 })
})

t.test('where nothing is to wait that holds nothing, it ends with its connection', async t => {
  const { gateway, visit } = await start(t, { unboundResumeWindow: 0 })
  await visit('127.0.0.2', ['player.seen'])
  t.match(gateway.metrics(), { sessions: 0, detachedSessions: 0, sessionsDetached: 0 })
  await visit('127.0.0.2', ['player.login', { uid: 'red' }])
  t.match(gateway.metrics(), { sessions: 1, detachedSessions: 1, sessionsDetached: 1 })
})

t.test('an event for many whose clients are away is kept once', async t => {
  const { gateway, visit } = await start(t)
  for (let n = 0; n < 50; n++) await visit('127.0.0.2', ['player.login', { uid: `ghost ${n}` }])
  const [{ backlogBytes, detachedBytes }, body] = [gateway.metrics(), 'x'.repeat(10_000)]
  for (let n = 0; n < 10; n++) gateway.broadcast('tick', body)
  for (let n = 0; n < 10; n++) gateway.channel('all').broadcast('tick', body)
  const grown = gateway.metrics().backlogBytes - backlogBytes
  t.ok(grown >= 20 * 10_000 && grown < 25 * 10_000, `${grown} bytes for 20 events of 10,000 to 50`)
  t.ok(gateway.metrics().detachedBytes - detachedBytes < 50_000, "and it is nobody's alone")
})
