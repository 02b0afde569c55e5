/**
 * Events for sessions that move all the time: each reliable one comes once and in the order of its sender,
 * whoever sends it and however.
 */
import t, { type Test } from 'tap'
import { type Client, connect } from '../../../client/node.js'
import type { Gateway } from '../../../gateway/index.js'
import { startCluster } from '../../helpers/cluster.js'
import { startProxy } from '../../helpers/gateway.js'
import { fixture } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const quick = { backOff: { least: 1, most: 5 }, heartbeat: 100, heartbeatTimeout: 2_000 }
const names = ['a', 'b', 'c'] as const
const moves = 12

/** Milliseconds from one gateway to another. A bus keeps the order of each sender. */
const delays: Readonly<Record<string, number>> = { ab: 1, ac: 12, ba: 6, bc: 2, ca: 9, cb: 20 }

interface Mover {
  readonly client: Client
  readonly uid: string
  readonly sid: number
  /** The gateway where it began, which its address names. */
  readonly home: string
  readonly hits: string[]
  readonly losses: unknown[]
  goTo(gateway: Gateway): Promise<void>
  /** From now on it comes to this gateway when it connects. */
  lead(gateway: Gateway): void
}

async function join(t: Test, uid: string, index: number, first: Gateway): Promise<Mover> {
  const proxy = await startProxy(t, first.address.port)
  const client = await connect(proxy.url, quick)
  t.teardown(() => client.close())
  const hits: string[] = []
  const losses: unknown[] = []
  client.on('hit', body => hits.push(body as string))
  client.onState(change => {
    if (change.state === 'open' && !change.resumed) losses.push(change)
  })
  const sid = (await client.request('player.login', { uid, channel: 'lobby' })) as number
  const lead = (gateway: Gateway) => (proxy.port = gateway.address.port)
  const goTo = async (gateway: Gateway) => {
    lead(gateway)
    proxy.cut('reset')
    await client.request('player.where')
  }
  return { client, uid, sid, home: names[index]!, hits, losses, goTo, lead }
}

t.test('each event comes once, in the order of its sender, to sessions that move all the time', async t => {
  const { gateways: running, network } = await startCluster(t, fixture('handlers-moves'), { names })
  const gateways = running.map(({ gateway }) => gateway)
  const movers = await Promise.all(['red', 'blue'].map((uid, n) => join(t, uid, n, gateways[n]!)))
  const bots = await Promise.all(
    gateways.map(async gateway => {
      const client = await connect(`ws://127.0.0.1:${gateway.address.port}`, quick)
      t.teardown(() => client.close())
      client.on('hit', () => {})
      return client
    })
  )
  network.fault = ({ kind, from, to }) =>
    kind === 'message' ? { delay: delays[`${from}${to}`]! } : undefined
  let isOver = false
  const expected: string[] = []
  const send = async (gateway: Gateway, bot: Client, name: string) => {
    for (let n = 0; !isOver; n++) {
      gateway.broadcast('hit', `${name} host all ${n}`)
      gateway.channel('lobby').broadcast('hit', `${name} host channel ${n}`)
      expected.push(`${name} host all ${n}`, `${name} host channel ${n}`, `${name} worker channel ${n}`)
      expected.push(`${name} worker all ${n}`)
      const { uid, sid, home } = movers[n % 2]!
      gateway.send(uid, 'hit', `${name} host user ${n}`)
      await bot.request('player.spray', { uid, sid, home, channel: 'lobby', from: name, n })
    }
    return name
  }
  const streams = gateways.map((gateway, n) => send(gateway, bots[n]!, names[n]!))
  await Promise.all(
    movers.map(async ({ goTo }, index) => {
      for (let move = 1; move <= moves; move++) await goTo(gateways[(move * (index + 1)) % 3]!)
    })
  )
  isOver = true
  await Promise.all(streams)
  network.fault = () => undefined
  for (const [index, { hits, losses, uid }] of movers.entries()) {
    // Each sender has sent to the one and to the other in turn.
    const rounds = new Map(
      names.map(name => [name, expected.filter(text => text.startsWith(`${name} host all`)).length])
    )
    const all = [...expected]
    for (const [name, count] of rounds)
      for (let n = index; n < count; n += 2)
        all.push(...['host user', 'worker user', 'worker address'].map(way => `${name} ${way} ${n}`))
    await until(`${uid} has all`, () => new Set(hits).size >= all.length).catch(() => {})
    t.same(compare(all, hits), { missing: [], twice: [], unexpected: [] }, `${uid}: ${all.length} events`)
    t.same(misplaced(hits), [], 'each sender’s order')
    t.same(losses, [])
  }
  t.same(
    gateways.map(gateway => gateway.metrics().movesUnordered),
    [0, 0, 0],
    'no order was given up'
  )
  const moved = gateways.reduce((sum, gateway) => sum + gateway.metrics().sessionsMovedIn, 0)
  t.ok(moved >= moves, `${moved} moves`)
})

t.test('a gateway that is drained stays until all others know where its sessions are', async t => {
  const options = { workers: 1, drainSpread: 0 }
  const { gateways: running, network } = await startCluster(t, fixture('handlers-moves'), { names, options })
  const [a, b, c] = running.map(({ gateway }) => gateway) as [Gateway, Gateway, Gateway]
  const { hits, losses, lead } = await join(t, 'red', 0, a)
  await until('it is known at c', () => {
    c.send('red', 'hit', 'first')
    return hits.length > 0
  })
  network.fault = ({ kind, from, to }) =>
    kind === 'message' && from === 'b' && to === 'c' ? { delay: 300 } : undefined
  lead(b)
  let isOver = false
  const drained = a.drain().then(() => (isOver = true))
  let sent = 0
  while (!isOver) {
    c.send('red', 'hit', `${sent++}`)
    await new Promise(resolve => setImmediate(resolve))
  }
  await drained
  t.equal(b.metrics().sessionsMovedIn, 1)
  await until('all have come', () => hits.at(-1) === `${sent - 1}`)
  t.same(
    hits.filter(hit => hit !== 'first'),
    Array.from({ length: sent }, (_, n) => `${n}`)
  )
  t.same(losses, [])
})

/** The ways in which a sender sends in each round, in order. */
const ways: Readonly<Record<string, readonly string[]>> = {
  host: ['all', 'channel', 'user'],
  worker: ['user', 'address', 'channel', 'all']
}

/** Returns the events that came behind later ones of their sender. */
function misplaced(hits: readonly string[]): string[] {
  const newest = new Map<string, number>()
  return hits.filter(text => {
    const [gateway, kind, way, n] = text.split(' ') as [string, string, string, string]
    const sender = `${gateway} ${kind}`
    const place = Number(n) * 10 + ways[kind]!.indexOf(way)
    if (place < (newest.get(sender) ?? -1)) return true
    newest.set(sender, place)
    return false
  })
}

function compare(expected: readonly string[], got: readonly string[]) {
  const wanted = new Set(expected)
  const seen = new Set<string>()
  const twice = got.filter(text => seen.size === seen.add(text).size)
  return {
    missing: expected.filter(text => !seen.has(text)),
    twice,
    unexpected: [...seen].filter(text => !wanted.has(text))
  }
}
