/** A gateway that is cut off from its cluster: what it says, what goes on, and what follows later. */
import t from 'tap'
import type { AuthenticationRequest } from '../../../gateway/index.js'
import { startCluster, untilLinked } from '../../helpers/cluster.js'
import { matchRows } from '../../helpers/match-rows.js'
import { failureOf, Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const authenticate = ({ url }: AuthenticationRequest) => ({
  accept: true as const,
  uid: new URL(url, 'http://localhost').searchParams.get('uid')
})

const options = { singleSession: 'reject', authenticate, leaseTtl: 1_000 } as const

t.test('a cut off gateway', async t => {
  const { gateways, network } = await startCluster(t, 'users', { options })
  const [{ gateway: a, lines }, { gateway: b }] = gateways as [(typeof gateways)[0], (typeof gateways)[0]]
  const bound = await Player.connect(`${a.url}/?uid=red`)
  t.equal(await bound.request('user.who'), 'red')
  const { start } = a.cluster!
  network.setDown('a')

  await t.test('says so in the log, in its state, in the diagnosis and in the metrics', async t => {
    t.equal(a.cluster!.state, 'degraded')
    matchRows(t, a.diagnose(), [{ code: 'clusterDegraded', severity: 'warn', what: /no connection to NATS/ }])
    t.equal(a.isReady, true)
    t.equal(a.metrics().clusterUp, 0)
    const [line] = lines.filter(({ message }) => message.includes('cut off'))
    t.match(line, { level: 'error', fields: { why: /no connection to NATS/ } })
  })

  await t.test('serves its own players, and keeps their users', async t => {
    t.equal(await bound.request('user.who'), 'red')
    await until('its lease is over', () => a.metrics().leaseLeft === 0)
    t.equal(await bound.request('user.who'), 'red')
  })

  await t.test('binds no new users, and lets nobody in who needs one', async t => {
    const player = await gateways[0]!.connect()
    t.match(await failureOf(player.request('user.enter', 'blue')), { code: 'CLUSTER_UNAVAILABLE' })
    t.equal(await player.request('user.who'), null)
    const login = await Player.connect(`${a.url}/?uid=green`)
    t.match(await login.closed, {
      code: 1013,
      reason: /^the cluster could not be asked about your user, come back in \d+ ms$/
    })
    player.leave()
  })

  await t.test('loses a user to another gateway, and ends their session when it is back', async t => {
    // The user comes elsewhere, where the lease of this gateway is over.
    const elsewhere = await gateways[1]!.connect()
    t.equal(await elsewhere.request('user.enter', 'red'), 'red')
    t.equal(b.sessions.getByUid('red').length, 1)
    t.equal(await bound.request('user.who'), 'red', 'with `fence: keep` they play twice meanwhile')
    network.heal()
    t.match(await bound.closed, { code: 4503 }, 'the one that came last stays')
    t.equal(await elsewhere.request('user.who'), 'red')
    elsewhere.leave()
  })

  await t.test('is well again, by a new start that numbers its new sessions', async t => {
    await until('it is up', () => a.cluster!.state === 'up')
    await untilLinked(gateways)
    t.same([a.diagnose(), a.metrics().clusterUp], [[], 1])
    t.ok(a.cluster!.start > start)
    t.ok(lines.some(({ message }) => message.includes('back in its cluster')))
    const player = await gateways[0]!.connect()
    t.equal(await player.request('user.enter', 'blue'), 'blue')
    t.equal(Math.floor(a.sessions.getByUid('blue')[0]!.id / 2 ** 32), a.cluster!.start)
    player.leave()
  })
})

t.test('a gateway with `clusterReady: strict` and `fence: end`', async t => {
  const { gateways, network } = await startCluster(t, 'users', {
    names: ['a'],
    options: { ...options, clusterReady: 'strict', fence: 'end' }
  })
  const { gateway, connect } = gateways[0]!
  const bound = await Player.connect(`${gateway.url}/?uid=red`)
  const nobody = await connect()
  t.equal(await bound.request('user.who'), 'red')
  network.areLogsDown = true
  await until('it is degraded', () => gateway.cluster!.state === 'degraded')
  t.equal(gateway.isReady, false, 'gets no new players')
  matchRows(t, gateway.diagnose(), [{ severity: 'error', what: /JetStream does not answer/ }])
  t.match(await bound.closed, { code: 1013, reason: /come back in \d+ ms$/ }, 'ends the sessions of users')
  t.equal(await nobody.request('user.who'), null, 'and no others')
  network.heal()
  await until('it is well again', () => gateway.isReady)
})
