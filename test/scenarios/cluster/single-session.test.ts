/** One session for a user over several gateways: by binds of handlers, by logins, and by the host. */
import t from 'tap'
import type { AuthenticationRequest } from '../../../gateway/index.js'
import { startCluster } from '../../helpers/cluster.js'
import { failureOf, Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

/** The user of a client is in the URL with which it connects. */
const authenticate = ({ url }: AuthenticationRequest) => {
  const uid = new URL(url, 'http://localhost').searchParams.get('uid')
  return { accept: true as const, uid }
}

t.test('with reject', async t => {
  const options = { singleSession: 'reject', authenticate } as const
  const { gateways, network } = await startCluster(t, 'users', { options })
  const [a, b] = gateways.map(({ gateway }) => gateway)
  const connect = () => Promise.all(gateways.map(gateway => gateway.connect()))

  await t.test('a user who is bound in one gateway is refused by the other, until they leave', async t => {
    const [here, there] = await connect()
    t.equal(await here!.request('user.enter', 'red'), 'red')
    t.match(await failureOf(there!.request('user.enter', 'red')), { code: 'SINGLE_SESSION' })
    t.equal(await there!.request('user.who'), null, 'its session stays as it was')
    await here!.request('user.leave')
    t.equal(await there!.request('user.enter', 'red'), 'red')
    there!.ws.close()
    await there!.closed
    await until('its claim is free', () => b!.metrics().claimsHeld === 0)
    t.equal(await here!.request('user.enter', 'red'), 'red')
    here!.leave()
  })

  await t.test('a user who is bound elsewhere is refused, although the log hides their claim', async t => {
    const [here, there] = await connect()
    t.equal(await here!.request('user.enter', 'pink'), 'pink')
    const ofA = `${a!.cluster!.start}.`
    network.hides = (key, { bytes }) => key === 'pink' && bytes.toString().startsWith(ofA)
    t.match(await failureOf(there!.request('user.enter', 'pink')), { code: 'SINGLE_SESSION' })
    network.hides = () => false
    for (const player of [here, there]) player!.leave()
  })

  await t.test('of two that bind at once, one is bound', async t => {
    for (let round = 0; round < 5; round++) {
      const players = await connect()
      const uid = `blue${round}`
      const ends = await Promise.allSettled(players.map(player => player.request('user.enter', uid)))
      t.same(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      for (const player of players) player.leave()
    }
  })

  await t.test('the next request of a session waits for a bind that is not awaited', async t => {
    const [player] = await connect()
    const replies = player!.atOnce(() => [
      player!.request('user.enterUnawaited', 'green'),
      player!.request('user.who')
    ])
    t.same(await Promise.all(replies), [null, 'green'])
    player!.leave()
  })

  await t.test('a client whose user is in the other gateway is not let in', async t => {
    const first = await Player.connect(`${a!.url}/?uid=grey`)
    t.equal(await first.request('user.who'), 'grey')
    const second = await Player.connect(`${b!.url}/?uid=grey`)
    t.match(await second.closed, { code: 4504, reason: /already bound/ })
    first.leave()
    await until('it has ended', () => a!.sessions.getByUid('grey').length === 0)
    const third = await Player.connect(`${b!.url}/?uid=grey`)
    t.equal(await third.request('user.who'), 'grey')
    third.leave()
  })

  await t.test('the host waits for the other gateways, too', async t => {
    const [player] = await connect()
    const sids: number[] = []
    await until('its session is there', () => {
      a!.sessions.forEachSession(({ id, uid }) => uid === null && sids.push(id))
      return sids.length > 0
    })
    t.throws(() => a!.sessions.bind(sids[0]!, 'gold'), { code: 'CLUSTER_UNAVAILABLE', message: /abind/ })
    await a!.sessions.abind(sids[0]!, 'gold')
    t.equal(await player!.request('user.who'), 'gold')
    t.match(await failureOf(gateways[1]!.connect().then(other => other.request('user.enter', 'gold'))), {
      code: 'SINGLE_SESSION'
    })
    await a!.sessions.aunbind(sids[0]!, 'gold')
    player!.leave()
  })
})

t.test('with kick, the last one stays, and the first is told why', async t => {
  const { gateways } = await startCluster(t, 'users', { options: { singleSession: 'kick', authenticate } })
  const [here, there] = await Promise.all(gateways.map(gateway => gateway.connect()))
  t.equal(await here!.request('user.enter', 'red'), 'red')
  t.equal(await there!.request('user.enter', 'red'), 'red')
  t.match(await here!.closed, { code: 4503 })
  t.same(here!.events, [['$kick', { reason: 'The same user came from elsewhere' }]])
  const login = await Player.connect(`${gateways[0]!.gateway.url}/?uid=red`)
  t.match(await there!.closed, { code: 4503 })
  t.equal(await login.request('user.who'), 'red')
  login.leave()
})
