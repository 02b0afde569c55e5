/** Kicks of users whose sessions are in no gateway: parked at a drain, or left by a crash. */
import t, { type Test } from 'tap'
import type { Client } from '../../../client/node.js'
import { logsOf } from '../../../gateway/cluster/bus/subjects.js'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { startMovers } from '../../helpers/cluster/movers.js'
import { until } from '../../helpers/until.js'

const store = logsOf('sallyport').parked

const keeping: Partial<GatewayOptions> = {
  nats: 'nats://127.0.0.1:4222',
  leaseTtl: 1_000,
  replicateEvery: 10,
  handoverTimeout: 100,
  resumeWindow: 60_000
}

async function start(t: Test, options: Partial<GatewayOptions>) {
  const { gateways, network, join } = await startMovers(t, ['a', 'b', 'c'], { ...keeping, ...options })
  const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
  /** Returns a player of a who is away, and comes to c in the end. */
  const goAway = async (uid: string) => {
    const { client, proxy, losses, goTo } = await join(a)
    await client.request('player.login', { uid, channel: 'lobby' })
    const before = a.metrics().detachedSessions
    proxy.isDown = true
    proxy.cut('reset')
    await until('they are away', () => a.metrics().detachedSessions > before)
    const comeBack = () => {
      goTo(c)
      proxy.isDown = false
    }
    return { client, losses, comeBack }
  }
  return { a, b, c, network, join, goAway }
}

async function isKicked(t: Test, client: Client, ms?: number): Promise<void> {
  await until('the client is told', () => client.state === 'closed', ms)
  const { code, message, data } = client.error!
  t.match(
    { code, message, data },
    { code: 'CONNECTION_CLOSED', message: /banned/, data: { code: closeCodes.kicked } }
  )
}

t.test('a kick of a user ends their parked sessions, and their clients are told', async t => {
  const { a, b, c, join, goAway } = await start(t, { park: true })
  const players = [await goAway('red'), await goAway('red'), await goAway('blue')] as const
  const [first, second, other] = players
  await a.drain()
  t.equal(a.metrics().sessionsParked, 3)
  await b.sessions.akick('red', 'banned')
  for (const { client, comeBack } of [first, second]) {
    comeBack()
    await isKicked(t, client)
  }
  other.comeBack()
  t.match(await other.client.request('player.state'), { uid: 'blue' }, 'nobody else is kicked')

  await t.test('and a session that the user has begun since then is parked and resumed as ever', async t => {
    t.same(other.losses, [])
    const again = await join(c)
    await again.client.request('player.login', { uid: 'red', channel: 'lobby' })
    again.proxy.isDown = true
    again.proxy.cut('reset')
    await until('they are away', () => c.metrics().detachedSessions === 1)
    await c.drain()
    again.goTo(b)
    again.proxy.isDown = false
    t.match(await again.client.request('player.state'), { uid: 'red', met: ['new', 'moved'] })
    t.same(again.losses, [])
  })
})

t.test('a kick that no handler awaits ends them, too', async t => {
  const { a, b, network, join, goAway } = await start(t, { park: true })
  const player = await goAway('red')
  await a.drain()
  const { client: operator } = await join(b)
  const before = network.logOf(store)?.size
  await operator.request('player.kick', { uid: 'red', reason: 'banned' })
  await until('it is noted', () => network.logOf(store)?.size !== before)
  player.comeBack()
  await isKicked(t, player.client)
})

t.test('a kick in one gateway only is not for them', async t => {
  const { a, b, goAway } = await start(t, { park: true })
  const player = await goAway('red')
  await a.drain()
  b.sessions.kick('red', 'here only')
  player.comeBack()
  t.match(await player.client.request('player.state'), { uid: 'red' })
  t.same(player.losses, [])
})

t.test('a kick of a user ends what a crash has left of their sessions', async t => {
  const { b, c, network, goAway } = await start(t, { replicate: 'through' })
  const player = await goAway('red')
  network.cutOff('a')
  await until('a counts as dead', () => [b, c].every(({ cluster }) => cluster!.peers().length === 1))
  await b.sessions.akick('red', 'banned')
  player.comeBack()
  await isKicked(t, player.client)
})

t.test('a gateway that was cut off kicks who was kicked elsewhere meanwhile, once it is back', async t => {
  const { a, b, c, network, join, goAway } = await start(t, { replicate: 'through' })
  const away = await goAway('red')
  const players = await Promise.all(['red', 'blue'].map(() => join(a)))
  const [{ client: red }, { client: blue }] = players as [(typeof players)[0], (typeof players)[0]]
  await red.request('player.login', { uid: 'red', channel: 'lobby' })
  await blue.request('player.login', { uid: 'blue', channel: 'lobby' })
  network.cutOff('a')
  await until('a counts as dead', () => [b, c].every(({ cluster }) => cluster!.peers().length === 1))
  await b.sessions.akick('red', 'banned')
  network.heal()
  await isKicked(t, red)
  await until('none of them is left', () => a.sessions.getByUid('red').length === 0)
  away.comeBack()
  await isKicked(t, away.client)
  t.match(await blue.request('player.state'), { uid: 'blue' }, 'nobody else is kicked')
})

t.test('while NATS is away a kick by whoever waits for its answer does nothing', async t => {
  const { b, network, join } = await start(t, { park: true })
  const { client } = await join(b)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  network.setDown('b')
  await until('b knows', () => b.cluster?.state === 'degraded')
  await t.rejects(b.sessions.akick('red', 'banned'), { code: 'CLUSTER_UNAVAILABLE' })
  t.match(await client.request('player.state'), { uid: 'red' })
  b.sessions.kick('red', 'banned')
  await isKicked(t, client)
})

t.test('if NATS does not answer, a kick ends those that are here, and says that others may come', async t => {
  const { b, network, join } = await start(t, { park: true })
  const { client } = await join(b)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  network.areLogsDown = true
  await t.rejects(b.sessions.akick('red', 'banned'), { code: 'KICK_NOT_KEPT' })
  network.areLogsDown = false
  await isKicked(t, client)
})

t.test('a kick that comes while the session is restored ends it in the end', async t => {
  const { a, b, c, network, goAway } = await start(t, { park: true })
  const player = await goAway('red')
  await a.drain()
  // The kick is under way to the store, and b has not heard that c has the session.
  network.fault = ({ kind, subject, from }) =>
    from === 'b' && kind === 'append' && subject === 'kicks of red' ? { delay: 1_500 } : undefined
  const kicked = b.sessions.akick('red', 'banned')
  player.comeBack()
  await until('c has the session', () => c.sessions.getByUid('red').length === 1)
  await kicked
  await isKicked(t, player.client, 20_000)
})
