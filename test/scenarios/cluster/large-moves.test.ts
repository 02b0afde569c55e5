/** Sessions with much in their backlogs, which go to another gateway. */
import t, { type Test } from 'tap'
import { type Client, connect } from '../../../client/node.js'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { startCluster } from '../../helpers/cluster.js'
import { startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const MiB = 2 ** 20

interface Player {
  readonly uid: string
  readonly client: Client
  readonly got: number[]
  /** Times that it has got a new session. */
  anew: number
  leave(): void
  goTo(gateway: Gateway): void
}

async function join(t: Test, { address }: Gateway, uid: string): Promise<Player> {
  const proxy = await startProxy(t, address.port)
  const client = await connect(proxy.url, {
    backOff: { least: 1, most: 20 },
    heartbeat: 1_000,
    heartbeatTimeout: 20_000
  })
  t.teardown(() => client.close())
  const player: Player = {
    uid,
    client,
    got: [],
    anew: 0,
    leave: () => {
      proxy.isDown = true
      proxy.cut('reset')
    },
    goTo: gateway => {
      proxy.port = gateway.address.port
      proxy.isDown = false
    }
  }
  client.on('large', body => player.got.push((body as { readonly n: number }).n))
  client.onState(change => {
    if (change.state === 'open' && !change.resumed) player.anew++
  })
  await client.request('player.login', { uid, channel: uid })
  return player
}

async function startBoth(t: Test, options: Partial<GatewayOptions>): Promise<[Gateway, Gateway]> {
  const { gateways } = await startCluster(t, fixture('handlers-moves'), { options })
  const [a, b] = gateways.map(({ gateway }) => gateway) as [Gateway, Gateway]
  return [a, b]
}

t.test(
  'sessions that are more than the queue come one after the other, and cost nobody an event',
  async t => {
    const [a, b] = await startBoth(t, { clusterQueueBytes: 1 * MiB, clusterWindow: 64 * 1_024 })
    const uids = Array.from({ length: 20 }, (_, index) => `u${index}`)
    const players = await Promise.all(uids.map(uid => join(t, a, uid)))
    const other = await connect(b.url)
    t.teardown(() => other.close())
    const ticks: number[] = []
    other.on('tick', n => ticks.push(n as number))
    await other.request('player.login', { uid: 'other', channel: 'other' })
    for (const { leave } of players) leave()
    await until('all are away', () => a.metrics().detachedSessions === players.length)
    const text = 'x'.repeat(100_000)
    for (const uid of uids) for (let n = 0; n < 4; n++) a.send(uid, 'large', { n, text })
    let isKnown = false
    other.on('hello', () => (isKnown = true))
    await until('a knows where the other one is', () => {
      a.send('other', 'hello')
      return isKnown
    })
    for (const { goTo } of players) goTo(b)
    let sent = 0
    await until('all have come', () => {
      a.send('other', 'tick', sent++)
      return b.metrics().sessionsMovedIn === players.length
    })
    await until('all have what was sent', () => players.every(({ got }) => got.length === 4))
    await until('the other one has its events', () => ticks.length >= sent)
    t.same(
      ticks,
      Array.from({ length: sent }, (_, n) => n)
    )
    for (const { got, anew } of players) t.same([got, anew], [[0, 1, 2, 3], 0])
    t.equal(a.metrics().clusterEventsLost, 0)
  }
)

t.test('a session that is too large ends, and its client has a new one and is told so', async t => {
  const [a, b] = await startBoth(t, { clusterQueueBytes: 1 * MiB, maxBacklogBytes: 64 * MiB })
  const reasons: string[] = []
  a.sessions.on('closed', (_session, reason) => reasons.push(reason))
  const [large, small] = [await join(t, a, 'large'), await join(t, a, 'small')]
  for (const { leave } of [large, small]) leave()
  await until('both are away', () => a.metrics().detachedSessions === 2)
  const text = 'x'.repeat(500_000)
  for (let n = 0; n < 18; n++) a.send('large', 'large', { n, text })
  for (let n = 0; n < 14; n++) a.send('small', 'large', { n, text })
  for (const { goTo } of [large, small]) goTo(b)
  await until('one has a new session', () => large.anew === 1)
  await until('the other has its own', () => small.got.length === 14)
  t.same([large.got, small.anew], [[], 0])
  t.equal(reasons.length, 1)
  t.match(reasons[0], /^its client can't go on elsewhere: 9\d{6} bytes are too many for a move$/)
  t.same([a.metrics().sessions, b.metrics().sessions], [0, 2])
})
