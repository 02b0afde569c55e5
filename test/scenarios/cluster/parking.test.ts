/** Sessions that outlive their gateway: restored after a crash, or parked at a drain. */
import t, { type Test } from 'tap'
import { type Client, type ClientOptions, connect, type StateChange } from '../../../client/node.js'
import type { LocalNetwork } from '../../../gateway/cluster/bus/local-network.js'
import { logsOf } from '../../../gateway/cluster/bus/subjects.js'
import { ParkedLog } from '../../../gateway/cluster/parking/entries/parked-log.js'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { Gateways } from '../../helpers/cluster/gateways.js'
import { runRestores } from '../../helpers/cluster/restores.js'
import { startCluster } from '../../helpers/cluster.js'
import { startProxy } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-moves')
const store = logsOf('sallyport').parked
const nats = 'nats://127.0.0.1:4222'
const opts = { skip: whyNo('nats-server'), timeout: 120_000 }
const quick: ClientOptions = { backOff: { least: 1, most: 20 }, heartbeat: 100, heartbeatTimeout: 1_000 }

async function start(t: Test, names: readonly string[], options: Partial<GatewayOptions>) {
  const cluster = await startCluster(t, handlers, {
    names,
    options: { nats, drainSpread: 0, leaseTtl: 1_000, replicateEvery: 10, ...options }
  })
  const gateways = cluster.gateways.map(({ gateway }) => gateway)
  const join = async (first: Gateway) => {
    const proxy = await startProxy(t, first.address.port)
    const client = await connect(proxy.url, quick)
    t.teardown(() => client.close())
    const opened: StateChange[] = []
    client.onState(change => change.state === 'open' && opened.push(change))
    /** Sends the client to another gateway; the first one is as good as gone for it. */
    const goTo = (gateway: Gateway) => {
      proxy.port = gateway.address.port
      proxy.cut('reset')
    }
    /** Keeps the client away from all gateways. */
    const stayAway = () => {
      proxy.port = 1
      proxy.cut('reset')
    }
    return { client, opened, goTo, stayAway }
  }
  return { ...cluster, gateways, join }
}

/** Ends a gateway for all others: nothing goes in and out of it any more. */
async function crash(network: LocalNetwork, name: string, others: readonly Gateway[]): Promise<void> {
  network.cutOff(name)
  await until('it counts as dead', () =>
    others.every(({ cluster }) => cluster!.peers().every(({ frontendId }) => frontendId !== name))
  )
}

async function state(client: Client): Promise<Record<string, unknown>> {
  return (await client.request('player.state')) as Record<string, unknown>
}

t.test('with through, a session that crashes is restored with all that was awaited', async t => {
  const options = { replicate: 'through', replicateEvery: 3_600_000, singleSession: 'reject' } as const
  const { gateways, network, join } = await start(t, ['a', 'b', 'c'], options)
  const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
  const { client, opened, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  for (let n = 0; n < 3; n++) await client.request('player.add')
  await crash(network, 'a', [b, c])
  goTo(b)
  await until('it is back', () => opened.length === 1)
  matchRows(t, opened, [{ resumed: false, restored: true }])
  t.match(await state(client), { sid, uid: 'red', name: 'red', count: 3, met: ['new', 'restored'] })
  t.same(await client.request('player.where'), 'b')
  const ticks: unknown[] = []
  client.on('tick', body => ticks.push(body))
  await until('its channel is known', () => {
    c.channel('lobby').broadcast('tick', 1)
    return ticks.length > 0
  })
  t.match(b.metrics(), { sessionsRestored: 1, claimsHeld: 1, sessionsResumed: 0, sessionsMovedIn: 0 })

  await t.test('and goes on from there like any other: it moves, and outlives the next crash', async t => {
    await client.request('player.add')
    await crash(network, 'b', [c])
    goTo(c)
    await until('it is back again', () => opened.length === 2)
    t.match(opened[1], { resumed: false, restored: true })
    t.match(await state(client), { sid, uid: 'red', count: 4, met: ['new', 'restored', 'restored'] })
  })

  await t.test('and the gateway that was cut off lets it go when it is back', async t => {
    const told: unknown[] = []
    for (const each of [a, b]) each.sessions.on('closed', ({ id }) => told.push(id))
    network.heal()
    await until('each session is in one gateway', () =>
      [a, b].every(({ sessions }) => sessions.getSessionsCount() === 0)
    )
    t.same(told, [], 'without onClose')
    t.equal(c.sessions.get(sid)?.uid, 'red')
    await client.request('player.add')
    t.match(await state(client), { sid, uid: 'red', count: 5 })
  })
})

for (const { at, singleSession, has } of [
  { at: 'c', singleSession: 'kick', has: 'written it' },
  { at: 'c', singleSession: 'reject', has: 'written it' },
  { at: 'a', singleSession: 'off', has: 'written it' },
  { at: 'c', singleSession: 'kick', has: 'said that it has it' },
  { at: 'a', singleSession: 'reject', has: 'said that it has it' }
] as const)
  t.test(
    `${singleSession}: a session whose new gateway crashes before it has ${has} is restored at ${at}`,
    async t => {
      const options = { replicate: 'through', singleSession, clusterTimeout: 30_000 } as const
      const { gateways, network, join } = await start(t, ['a', 'b', 'c'], options)
      const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
      const { client, opened, goTo, stayAway } = await join(a)
      const sid = await client.request('player.login', { uid: 'red', channel: 'lobby' })
      for (let n = 0; n < 3; n++) await client.request('player.add')
      const closed: unknown[] = []
      for (const each of gateways) each.sessions.on('closed', ({ id }) => closed.push(id))
      const inTransit = has === 'written it' ? 0 : 1
      network.fault = ({ kind, from, to }) => {
        const isTold = kind === 'message' && to === 'a' && a.metrics().sessionsInTransit === 1
        const isWritten = kind === 'append' && to.includes(store)
        return from === 'b' && (isWritten || (inTransit === 1 && isTold)) ? 'drop' : undefined
      }
      goTo(b)
      await until('b has it', () => b.metrics().sessionsMovedIn === 1)
      await until('a waits for no word of it', () => a.metrics().sessionsInTransit === inTransit)
      stayAway()
      await crash(network, 'b', [a, c])
      goTo(at === 'a' ? a : c)
      await until('it is back', () => opened.length === 1)
      t.match(opened[0], { resumed: false, restored: true })
      t.match(await state(client), { sid, uid: 'red', name: 'red', count: 3 })
      t.same(await client.request('player.where'), at)
      t.same(closed, [])
      network.fault = () => undefined
      await client.request('player.add')
      t.match(await state(client), { count: 4 }, 'and it goes on')
      await crash(network, at, [at === 'a' ? c : a])
      goTo(at === 'a' ? c : a)
      await until('it is back again', () => opened.length === 2)
      t.match(opened[1], { resumed: false, restored: true })
      t.match(await state(client), { sid, uid: 'red', count: 4 })
    }
  )

t.test('with through, a client is told its next token only when the store has it', async t => {
  const options = { replicate: 'through', clusterTimeout: 30_000 } as const
  const { gateways, network, join } = await start(t, ['a', 'b'], options)
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, opened, goTo } = await join(a)
  const sid = await client.request('player.login', { uid: 'red', channel: 'lobby' })
  network.fault = ({ kind, from, to }) =>
    kind === 'append' && from === 'a' && to.includes(store) ? 'drop' : undefined
  goTo(a)
  await until('its client is there again', () => a.metrics().connections === 1 && client.state !== 'open')
  await crash(network, 'a', [b])
  t.same(opened, [])
  goTo(b)
  await until('it is back', () => opened.length === 1)
  t.match(opened[0], { resumed: false, restored: true })
  t.match(await state(client), { sid, uid: 'red' })
})

t.test('with through, a client is not kept waiting for long by a store that does not answer', async t => {
  const options = { replicate: 'through', clusterTimeout: 50 } as const
  const { gateways, network, join } = await start(t, ['a', 'b'], options)
  const [a] = gateways as [Gateway]
  const { client, opened, goTo } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  network.fault = ({ kind, from, to }) =>
    kind === 'append' && from === 'a' && to.includes(store) ? 'drop' : undefined
  goTo(a)
  await until('it is back', () => opened.length === 1)
  t.match(opened[0], { resumed: true })
  t.match(await state(client), { uid: 'red' })
})

for (const singleSession of ['kick', 'reject'] as const)
  t.test(
    `${singleSession}: a gateway that was cut off lets sessions go that others have restored`,
    async t => {
      const options = { replicate: 'through', singleSession } as const
      const { gateways, network, join } = await start(t, ['a', 'b'], options)
      const [a, b] = gateways as [Gateway, Gateway]
      const closed: unknown[] = []
      for (const each of [a, b])
        each.sessions.on('closed', (session, reason) =>
          closed.push([each.options.frontendId, session.uid, reason])
        )
      const players = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const player = await join(a)
          await player.client.request('player.login', { uid: `player ${n}`, channel: 'lobby' })
          return player
        })
      )
      await crash(network, 'a', [b])
      // Half of them come back; the others stay where they are, and have no other session.
      const gone = players.slice(0, 5)
      for (const { goTo } of gone) goTo(b)
      for (const { opened } of gone) await until('it is back', () => opened.length === 1)
      network.heal()
      if (singleSession === 'kick') {
        // Whoever logs in anew now replaces the one session that there is.
        for (const uid of ['player 0', 'player 9']) {
          const { client } = await join(b)
          await client.request('player.login', { uid, channel: 'lobby' })
        }
        await until('both are replaced', () => closed.length >= 2)
        players.splice(9, 1)
        players.splice(0, 1)
      }
      const left = players.filter(({ opened }) => opened.length === 0)
      await until('each session is in one gateway', () => a.sessions.getSessionsCount() === left.length)
      for (const { client } of players) await client.request('player.add')
      const replaced = [
        ['b', 'player 0', 'replaced'],
        ['a', 'player 9', 'replaced']
      ]
      matchRows(t, closed, singleSession === 'kick' ? replaced : [])
      t.equal(b.metrics().sessionsRestored, 5)
    }
  )

t.test('a session that has moved outlives its next gateway, wherever its client comes then', async t => {
  const { gateways, network, join } = await start(t, ['a', 'b', 'c'], { replicate: 'through' })
  const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
  const players = await Promise.all(
    [c, a].map(async (next, n) => {
      const player = await join(a)
      const sid = await player.client.request('player.login', { uid: `player ${n}`, channel: 'lobby' })
      player.goTo(b)
      t.equal(await player.client.request('player.where'), 'b')
      await player.client.request('player.add')
      return { ...player, next, sid }
    })
  )
  await crash(network, 'b', [a, c])
  for (const { goTo, next } of players) goTo(next)
  for (const { client, opened, next, sid } of players) {
    await until('it is back', () => opened.length === 2)
    t.match(opened[1], { resumed: false, restored: true })
    t.match(await state(client), { sid, count: 1, met: ['new', 'moved', 'restored'] })
    t.equal(await client.request('player.where'), next.options.frontendId)
  }
})

t.test('a session that has ended is not to be had by its token, kept or not', async t => {
  const { gateways, join } = await start(t, ['a', 'b'], { replicate: 'through', resumeWindow: 300 })
  const [a, b] = gateways as [Gateway, Gateway]
  for (const next of [a, b]) {
    const { client, opened, goTo, stayAway } = await join(a)
    const sid = (await client.request('player.login', { uid: 'late', channel: 'lobby' })) as number
    stayAway()
    await until('its window is over', () => a.sessions.get(sid) === undefined)
    goTo(next)
    await until('it is back', () => opened.length === 1)
    t.match(opened[0], { resumed: false, restored: false })
    client.close()
  }
})

t.test('with behind, a session is restored as it was at its last write', async t => {
  const { gateways, network, join } = await start(t, ['a', 'b'], { replicate: 'behind' })
  const [a, b] = gateways as [Gateway, Gateway]
  const appended = watchAppends(network)
  const { client, opened, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  await client.request('player.add')
  await until('it is written', () => appended.some(text => text.includes('5:count')))
  await crash(network, 'a', [b])
  await client.request('player.add')
  goTo(b)
  await until('it is back', () => opened.length === 1)
  matchRows(t, opened, [{ resumed: false, restored: true }])
  t.match(await state(client), { sid, uid: 'red', name: 'red', count: 1 })
  b.sessions.kick('red', 'enough')
  await until('nothing of it is left', () => network.logOf(store)?.size === 0)
})

t.test('with none, the client has a new session, and is told so', async t => {
  const { gateways, network, join } = await start(t, ['a', 'b'], { replicateEvery: 1_000 })
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, opened, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  await crash(network, 'a', [b])
  goTo(b)
  await until('it is back', () => opened.length === 1)
  matchRows(t, opened, [{ resumed: false, restored: false }])
  const { sid: after, uid } = await state(client)
  t.not(after, sid)
  t.equal(uid, null)
})

t.test('a parked session is resumed whole by the successor of its gateway', async t => {
  const logged: [string, unknown][] = []
  const skip = () => {}
  const info = (message: string, fields?: unknown) => logged.push([message, fields])
  const {
    gateways,
    network,
    start: startAgain,
    join
  } = await start(t, ['a'], {
    log: { error: skip, warn: skip, info, debug: skip },
    park: true,
    handoverTimeout: 100,
    resumeWindow: 60_000
  })
  const [a] = gateways as [Gateway]
  const { client, opened, goTo, stayAway } = await join(a)
  const ticks: unknown[] = []
  client.on('tick', body => ticks.push(body))
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  a.send('red', 'tick', 1)
  await client.request('player.add')
  const told: unknown[] = []
  a.sessions.on('closed', ({ id }) => told.push(id))
  stayAway()
  await until('its client is away', () => a.metrics().detachedSessions === 1)
  const awayAt = Date.now()
  await until('some of its window has passed', () => Date.now() > awayAt + 20)
  await a.drain()
  const parked = new ParkedLog(network.join('test'), 'sallyport')
  await parked.open()
  const [entry] = (await parked.read(sid)) ?? []
  t.ok(entry?.kind === 'whole' && entry.endsAt <= awayAt + 60_001, 'its window began when it was cut')
  t.same(told, [], 'it has not ended')
  t.match(a.metrics(), { sessionsParked: 1 })
  const line = logged.find(([message]) => message.startsWith('Sessions are parked'))
  t.same(line?.[1], { sessions: 1 }, 'the log says how many are')
  const { gateway: b } = await startAgain('b', {
    nats,
    drainSpread: 0,
    leaseTtl: 1_000,
    replicateEvery: 10,
    park: true,
    workers: 1
  })
  goTo(b)
  await until('it is back', () => opened.length === 1)
  matchRows(t, opened, [{ resumed: true, restored: false }])
  b.send('red', 'tick', 2)
  await until('both events came', () => ticks.length === 2)
  t.match(await state(client), { sid, uid: 'red', count: 1, met: ['new', 'moved'] })
  t.match(b.metrics(), { sessionsRestored: 1, sessionsResumed: 1, sessionsMovedIn: 0 })
  b.sessions.kick('red', 'enough')
  await until('nothing of it is left', () => network.logOf(store)?.size === 0)
})

t.test('processes on NATS: all that was awaited outlives two kills, and a restart of all', opts, async t => {
  const options = { singleSession: 'kick', replicate: 'through', park: true, leaseTtl: 1_500, drainSpread: 0 }
  const init = {
    count: 2,
    handlers: fixture('handlers-cluster'),
    // So long the drain also waits for NATS, which a busy machine delays.
    options: { ...options, handoverTimeout: 3_000 }
  }
  const gateways = await Gateways.start(init, t)
  const report = await runRestores({ gateways, players: 6, replicate: 'through', changes: 2 })
  t.comment(JSON.stringify(report))
  t.same(report.faults, [])
  for (const { told, players, found, answered } of [report.firstKill, report.secondKill]) {
    t.ok(players > 0)
    t.same(told, { restored: players })
    t.equal(found, answered)
  }
  const { told, found, answered } = report.restart
  t.same([told, found], [{ resumed: 6 }, answered])
})

/** Collects the entries of the store, as text. */
function watchAppends(network: LocalNetwork): string[] {
  const texts: string[] = []
  network.fault = ({ kind, to, bytes }) => {
    if (kind === 'append' && to.endsWith('-parked')) texts.push(Buffer.from(bytes!).toString('latin1'))
    return undefined
  }
  return texts
}

t.test(
  'the last gateway waits for NATS, to park what nobody takes over, and says if it is in vain',
  async t => {
    for (const isBack of [true, false]) {
      const logged: string[] = []
      const skip = () => {}
      const log = { error: skip, warn: (message: string) => logged.push(message), info: skip, debug: skip }
      const { gateways, network, join } = await start(t, ['a'], {
        log,
        park: true,
        handoverTimeout: isBack ? 60_000 : 100,
        resumeWindow: 60_000
      })
      const [a] = gateways as [Gateway]
      const { client, stayAway } = await join(a)
      await client.request('player.login', { uid: 'red', channel: 'lobby' })
      network.setDown()
      await until('it is cut off', () => a.cluster?.state === 'degraded')
      stayAway()
      await until('its client is away', () => a.metrics().detachedSessions === 1)
      const drained = a.drain()
      if (isBack) {
        await until('all is closed', () => a.metrics().sockets === 0)
        network.setUp()
      }
      await drained
      const expected = isBack ? { sessionsParked: 1 } : { sessionsParked: 0 }
      t.match(a.metrics(), expected)
      t.equal(
        logged.filter(message => /^Sessions end: .* NATS could not keep them$/.test(message)).length,
        isBack ? 0 : 1
      )
      network.setUp()
    }
  }
)
