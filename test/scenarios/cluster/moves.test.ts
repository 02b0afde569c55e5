/** Sessions that move: their clients come back at another gateway, after a cut or a drain. */
import t from 'tap'
import type { Client } from '../../../client/node.js'
import { subjectsOf } from '../../../gateway/cluster/bus/subjects.js'
import { ParkedLog } from '../../../gateway/cluster/parking/entries/parked-log.js'
import type { Gateway } from '../../../gateway/index.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { HeldMoves } from '../../helpers/cluster/held-moves.js'
import { startMovers as start } from '../../helpers/cluster/movers.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

async function where(client: Client): Promise<string> {
  return (await client.request('player.where')) as string
}

t.test('a client that comes back at another gateway has its session there, whole', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const told: unknown[] = []
  a.sessions.on('closed', ({ id }) => told.push(['closed', id]))
  a.sessions.on('moved', ({ id, uid }, to) => told.push(['moved', id, uid, to]))
  b.sessions.on('movedIn', ({ id, frontendId, uid }, from) => told.push([frontendId, id, uid, from]))
  const { client, proxy, ticks, losses, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  for (let n = 0; n < 10; n++) a.send('red', 'tick', n)
  await until('the first events came', () => ticks.length === 10)
  goTo(b)
  proxy.cut('reset')
  for (let n = 10; n < 20; n++) a.send('red', 'tick', n)
  t.equal(await where(client), 'b')
  for (let n = 20; n < 30; n++) b.channel('lobby').broadcast('tick', n)
  await until('all events came', () => ticks.length === 30)
  t.same(
    ticks,
    Array.from({ length: 30 }, (_, n) => n)
  )
  t.same(losses, [])
  t.match(await client.request('player.state'), { uid: 'red', sid, name: 'red', met: ['new', 'moved'] })
  t.same(told, [
    ['b', sid, 'red', 'a'],
    ['moved', sid, 'red', 'b']
  ])
  t.same([a.sessions.getSessionsCount(), b.sessions.getSessionsCount()], [0, 1])
  t.match(a.metrics(), { sessionsMovedOut: 1, sessionsMovedIn: 0, handoversFailed: 0, sessionsInTransit: 0 })
  goTo(a)
  proxy.cut('reset')
  t.equal(await where(client), 'a', 'and back again, to the gateway where it began')
  t.match(await client.request('player.state'), { uid: 'red', sid, met: ['new', 'moved', 'moved'] })
})

t.test('a session goes on from the first to the third gateway, whose token the second gave', async t => {
  const { gateways, join } = await start(t, ['a', 'b', 'c'])
  const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
  const { client, proxy, losses, goTo } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  for (const [next, name] of [
    [b, 'b'],
    [c, 'c'],
    [a, 'a'],
    [c, 'c']
  ] as const) {
    goTo(next)
    proxy.cut('reset')
    t.equal(await where(client), name)
  }
  t.same(losses, [])
  t.same(((await client.request('player.state')) as { name: unknown }).name, 'red')
})

t.test('requests that wait where a session was run ahead of those that were sent since', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, goTo, losses } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  let sent = 0
  for (const next of [b, a, b, a, b, a]) {
    const step = (count: number) =>
      Array.from({ length: count }, () => client.request('player.step', { n: sent++ }))
    const waiting = step(25)
    await waiting[2]
    goTo(next)
    client.reconnect(0)
    const away = step(5)
    await until('it is back', () => client.state === 'open')
    await Promise.all([...waiting, ...away, ...step(5)])
    const { steps } = (await client.request('player.state')) as { steps: (number | 'away')[] }
    t.same(
      steps.filter(each => each !== 'away'),
      Array.from({ length: sent }, (_, n) => n)
    )
  }
  t.same(losses, [])
  t.equal(b.metrics().sessionsMovedIn, 3)
})

t.test('a connection that is lost right after a move is told behind the requests from before it', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  for (const uid of ['red', 'blue', 'green', 'white']) {
    const { client, goTo, proxy } = await join(a)
    await client.request('player.login', { uid, channel: 'lobby' })
    const numbers = Array.from({ length: 15 }, (_, n) => n)
    const waiting = numbers.map(n => client.request('player.step', { n }))
    await waiting[2]
    // The client never hears of the others: it stays away.
    for (const each of waiting) each.catch(() => {})
    goTo(b)
    const isOpen = new Promise<void>(resolve => {
      client.onState(({ state }) => {
        if (state !== 'open') return
        proxy.port = 1
        proxy.cut('reset')
        resolve()
      })
    })
    client.reconnect(0)
    await isOpen
    const stepsOf = () => (b.sessions.getByUid(uid)[0]?.get('steps') ?? []) as unknown[]
    await until('its hook has run', () => stepsOf().includes('away'))
    t.same(stepsOf(), [...numbers, 'away'])
  }
})

t.test('a drained gateway hands all sessions over: no request is lost or run twice', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const players = await Promise.all(Array.from({ length: 5 }, () => join(a)))
  const asked: Promise<unknown>[] = []
  for (const { client } of players) for (let n = 0; n < 20; n++) asked.push(client.request('player.add'))
  for (const { goTo } of players) goTo(b)
  await a.drain()
  await Promise.all(asked)
  for (const { client, losses } of players) {
    t.equal(await where(client), 'b')
    t.same(losses, [])
    t.match(await client.request('player.state'), { count: 20 })
  }
  t.match(b.metrics(), { sessionsMovedIn: 5 })
})

t.test('the limits of sessions that wait for their clients end none that a drain sends away', async t => {
  const limits = { maxDetachedSessions: 1, maxDetachedSessionsPerAddress: 1, maxDetachedBytes: 1_024 }
  const { gateways, join } = await start(t, ['a', 'b'], { ...limits, drainSpread: 0 })
  const [a, b] = gateways as [Gateway, Gateway]
  const players = await Promise.all(Array.from({ length: 10 }, () => join(a)))
  for (const { client, goTo } of players) {
    await client.request('player.add')
    goTo(b)
  }
  await a.drain()
  for (const { client, losses } of players) {
    t.match(await client.request('player.state'), { count: 1 })
    t.same(losses, [])
  }
  t.equal(a.metrics().detachedSessionsEvicted, 0)
})

t.test('a gateway that has just started, or whose link was lost, finds a session that has moved', async t => {
  const { gateways, join, network, start: startOne } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, proxy, losses, goTo } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  goTo(b)
  await a.drain()
  t.equal(await where(client), 'b')
  // Its token names a start that is over. Who knows the rest is late.
  network.fault = ({ kind, from, to }) =>
    kind === 'message' && `${from}${to}` === 'bc' ? { delay: 400 } : undefined
  const { gateway: c } = await startOne('c')
  goTo(c)
  proxy.cut('reset')
  t.equal(await where(client), 'c')
  const { gateway: d } = await startOne('d')
  goTo(d)
  proxy.cut('reset')
  t.equal(await where(client), 'd')

  // The link from d to c ends, since c can't read a message, while d and its session are well.
  const { link } = subjectsOf('sallyport')
  let head = ''
  network.fault = ({ kind, from, to, subject, bytes }) => {
    if (kind !== 'message' || `${from}${to}` !== 'dc') return undefined
    if (subject === link(c.cluster!.start))
      head ||= /^\d+;\d+;\d+;\d+;/.exec(Buffer.from(bytes!).toString('latin1'))![0]
    return { delay: 400 }
  }
  d.broadcast('tick', 0)
  await until('d has said something to c', () => head !== '')
  const peers = c.metrics().clusterPeers
  network
    .join('intruder')
    .publish(link(c.cluster!.start), Buffer.from(`${head.replace(/^1;\d+/, '1;0')}what?`))
  await until('the link has ended', () => c.metrics().clusterPeers < peers)
  goTo(c)
  proxy.cut('reset')
  t.equal(await where(client), 'c')
  t.same(losses, [])
})

t.test('a session is not taken for gone while the word of its move is late', async t => {
  const { gateways, join, network } = await start(t, ['a', 'b', 'c'])
  const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
  const { client, proxy, losses, goTo } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  // As when NATS was away for a moment, and b reaches it later than a and c do.
  network.fault = ({ kind, from, to }) =>
    kind === 'message' && `${from}${to}` === 'bc' ? { delay: 1_500 } : undefined
  goTo(b)
  await a.drain()
  t.equal(await where(client), 'b')
  await until('c knows that a is over', () => c.metrics().clusterPeers === 1)
  goTo(c)
  proxy.cut('reset')
  t.equal(await where(client), 'c')
  t.same(losses, [])
})

t.test('a drained gateway says which sessions end since no other gateway took them over', async t => {
  const { gateways, lines, join } = await start(t, ['a', 'b'], { handoverTimeout: 1, resumeWindow: 60_000 })
  const [a] = gateways as [Gateway, Gateway]
  const { client, proxy } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  proxy.isDown = true
  proxy.cut('reset')
  await until('the gateway has seen it', () => a.sessions.get(sid)?.isConnected === false)
  await a.drain()
  const line = lines[0]!.find(({ message }) => message.startsWith('Sessions end whose clients'))
  t.match(line, { level: 'warn', fields: { sessions: 1, users: 'red', handoverTimeout: 1 } })
})

t.test('a drained gateway that is alone says that its sessions end, and waits for nobody', async t => {
  const options = { handoverTimeout: 600_000, resumeWindow: 60_000 }
  const { gateways, lines, join } = await start(t, ['a'], options)
  const [a] = gateways as [Gateway]
  const { client } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  await a.drain()
  const line = lines[0]!.find(
    ({ message }) => message === 'Sessions end: no other gateway was up to take them over'
  )
  t.same(line?.fields, { sessions: 1, users: 'red' })
})

t.test('a gateway that joins while another one is drained takes over its sessions', async t => {
  const { gateways, join, start: startOne } = await start(t, ['a'], { drainTimeout: 60_000 })
  const [a] = gateways as [Gateway]
  const { client, losses, goTo } = await join(a)
  const sid = await client.request('player.login', { uid: 'red', channel: 'lobby' })
  const other = await join(a)
  await other.client.request('player.login', { uid: 'blue', channel: 'lobby' })
  other.client.request('player.outlast').catch(() => {})
  await until('a request keeps the drain waiting', () => a.metrics().requestsRunning === 1)
  const drained = a.drain()
  const { gateway: b } = await startOne('b')
  goTo(b)
  a.sessions.kick('blue', 'enough')
  await drained
  t.equal(await where(client), 'b')
  t.match(await client.request('player.state'), { uid: 'red', sid })
  t.same(losses, [])
})

t.test('a drain waits for no client for longer than its session does', async t => {
  const { gateways, lines, join } = await start(t, ['a', 'b'], {
    handoverTimeout: 600_000,
    resumeWindow: 500
  })
  const [a] = gateways as [Gateway, Gateway]
  const { client, proxy } = await join(a)
  t.equal(await where(client), 'a')
  proxy.isDown = true
  const drained = a.drain()
  proxy.cut('reset')
  await drained
  t.equal(
    lines[0]!.find(({ message }) => message.startsWith('Sessions end whose clients')),
    undefined
  )
})

t.test(
  'a user whose session is lost before its new gateway has claimed them can log in elsewhere',
  async t => {
    const { gateways, network, join } = await start(t, ['a', 'b'], {
      singleSession: 'reject',
      leaseTtl: 1_000,
      claimTimeout: 1_001
    })
    const [a, b] = gateways as [Gateway, Gateway]
    const { client, proxy, goTo } = await join(a)
    await client.request('player.login', { uid: 'red', channel: 'lobby' })
    network.fault = ({ kind, from, to }) =>
      kind === 'append' && from === 'b' && to.includes('claims') ? 'drop' : undefined
    goTo(b)
    proxy.cut('reset')
    t.equal(await where(client), 'b')
    const other = await join(a)
    const login = () => other.client.request('player.login', { uid: 'red', channel: 'lobby' })
    network.cutOff('b')
    const end = performance.now() + 10_000
    let isIn = false
    while (!isIn && performance.now() < end) isIn = await login().then(Boolean, () => false)
    t.ok(isIn, 'the claim of a gateway that is over keeps nobody out')
    t.equal(a.metrics().claimsHeld, 1)
  }
)

t.test('a session that was ended on purpose is not to be had elsewhere, and its client is told', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, proxy, goTo } = await join(a)
  const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
  proxy.isDown = true
  proxy.cut('reset')
  await until('the gateway has seen it', () => a.sessions.get(sid)?.isConnected === false)
  a.sessions.kick('red', 'enough')
  goTo(b)
  proxy.isDown = false
  await until('the client has ended', () => client.state === 'closed')
  t.equal(b.metrics().sessionsMovedIn, 0)
})

t.test('a client that is kicked while its session is about to move is told', async t => {
  const { gateways, join } = await start(t, ['a', 'b'])
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, proxy, goTo, losses } = await join(a)
  await client.request('player.login', { uid: 'red', channel: 'lobby' })
  goTo(b)
  proxy.cut('reset')
  t.equal(await where(client), 'b')
  client.request('player.outlast').catch(() => {})
  await until('a request runs', () => b.metrics().requestsRunning === 1)
  goTo(a)
  proxy.cut('reset')
  await until('a has asked for the session', () => {
    const { sessionsDetached, detachedSessions } = b.metrics()
    return sessionsDetached === 1 && detachedSessions === 0
  })
  await b.sessions.akick('red', 'out')
  await until('the client is told', () => client.state === 'closed' || losses.length > 0)
  t.match(client.error, { code: 'CONNECTION_CLOSED', data: { code: closeCodes.kicked } })
})

t.test('a session is in one of two gateways whose only link ends while it moves', async t => {
  const held = await HeldMoves.start(t, {}, ['a', 'b'])
  const [a, b] = held.gateways as [Gateway, Gateway]
  const { client, goTo } = await held.join(t, a, 'red', ['lobby'])
  held.blockAt('ba', 'settle taken')
  goTo(b)
  await until('b has it', () => b.metrics().sessionsMovedIn === 1)
  t.equal(a.metrics().sessionsInTransit, 1)
  await held.loseLink(1, 0)
  held.release()
  t.equal(await where(client), 'b')
  await until('a knows', () => a.metrics().sessionsInTransit === 0)
  await until('it is gone from a', () => a.metrics().sessionsMovedOut === 1)
  t.same([a.sessions.getSessionsCount(), b.sessions.getSessionsCount()], [0, 1])
  t.same([a.sessions.getByUid('red').length, b.sessions.getByUid('red').length], [0, 1])
})

t.test('an event that is passed on to a session that has moved counts as sent once', async t => {
  const held = await HeldMoves.start(t)
  const [a, b, c] = held.gateways as [Gateway, Gateway, Gateway]
  const { hits, goTo } = await held.join(t, a, 'red', [])
  held.block('ac', 'bc')
  goTo(b)
  await until('b has it, which c does not know', () => {
    return b.metrics().sessionsMovedIn === 1 && a.metrics().sessionsInTransit === 0
  })
  const sent = c.asend('red', 'hit', 'passed on')
  await until('it has come', () => hits.length === 1)
  held.release('ac')
  t.equal(await sent, 1)
  t.same(
    held.gateways.map(gateway => gateway.metrics().eventsSent),
    [0, 1, 0]
  )
  held.release()
})

t.test('a session that is not moved since its gateway is gone is counted, and the log says why', async t => {
  const { gateways, network, join, lines } = await start(t, ['a', 'b'], { leaseTtl: 1_000 })
  const [a, b] = gateways as [Gateway, Gateway]
  const { client, proxy, goTo } = await join(a)
  const sid = await client.request('player.login', { uid: 'red', channel: 'lobby' })
  network.cutOff('a')
  goTo(b)
  proxy.cut('reset')
  await until('it has failed', () => b.metrics().handoversFailed > 0)
  const told = lines[1]!.filter(({ message }) => message === 'A session was not moved')
  matchRows(t, told, [
    {
      level: 'info',
      fields: { sid, gateway: 'a', why: /^(the link to its gateway has ended|no answer within)/ }
    }
  ])
})

t.test(
  'a session on its way from a gateway that is cut off does not come back once it ended elsewhere',
  async t => {
    const { gateways, network, join } = await start(t, ['a', 'b'], {
      replicate: 'behind',
      replicateEvery: 20,
      leaseTtl: 1_000
    })
    const [a, b] = gateways as [Gateway, Gateway]
    const ended: string[] = []
    for (const gateway of gateways) gateway.sessions.on('closed', ({ frontendId }) => ended.push(frontendId))
    const { client, proxy, goTo } = await join(a)
    const sid = (await client.request('player.login', { uid: 'red', channel: 'lobby' })) as number
    const kept = new ParkedLog(network.join('test'), 'sallyport')
    await kept.open()
    while (!(await kept.read(sid))!.some(({ kind }) => kind === 'record'))
      await new Promise(resolve => setTimeout(resolve, 5))
    network.fault = ({ kind, from, to }) =>
      kind === 'message' && `${from}${to}` === 'ab' ? 'drop' : undefined
    goTo(b)
    proxy.cut('reset')
    await until('it is on its way', () => a.metrics().sessionsInTransit === 1)
    network.cutOff('a')
    await until('b has restored it', () => b.sessions.getSessionsCount() === 1)
    await until('its client is there', () => client.state === 'open')
    client.close()
    await until('it has ended', () => b.sessions.getSessionsCount() === 0)
    network.heal()
    network.fault = () => undefined
    await until('nothing of it is left', () => {
      const { sessionsInTransit, leasesLost } = a.metrics()
      return leasesLost === 1 && sessionsInTransit === 0 && a.sessions.getSessionsCount() === 0
    })
    t.same(ended, ['b'])
  }
)

t.test('with kick a user has one session, that of the last login, while sessions move', async t => {
  const { gateways, join } = await start(t, ['a', 'b', 'c'], { singleSession: 'kick' })
  const red = { uid: 'red', channel: 'lobby' }
  const count = () => gateways.reduce((sum, { sessions }) => sum + sessions.getByUid('red').length, 0)
  let before = await join(gateways[0]!)
  await before.client.request('player.login', red)
  for (let round = 1; round <= 9; round++) {
    const next = await join(gateways[round % 3]!)
    before.goTo(gateways[(round + Math.floor(round / 3)) % 3]!)
    before.proxy.cut('reset')
    // The session is on its way, or about to be, while its user logs in anew.
    const sid = await next.client.request('player.login', red)
    t.match(await next.client.request('player.state'), { uid: 'red', sid })
    await until('the former session has ended', () => before.client.state === 'closed')
    t.equal(count(), 1, `round ${round}`)
    before = next
  }
})

t.test('a client whose session was ended on purpose while away is told at every gateway', async t => {
  const { gateways, join } = await start(t, ['a', 'b', 'c'], { singleSession: 'kick' })
  const [a, b] = gateways as [Gateway, Gateway]
  for (const back of gateways) {
    for (const code of [closeCodes.kicked, closeCodes.replaced]) {
      const { client, proxy, losses, goTo } = await join(a)
      const sid = await client.request('player.login', { uid: 'red', channel: 'lobby' })
      goTo(b)
      proxy.cut('reset')
      t.equal(await where(client), 'b')
      proxy.isDown = true
      proxy.cut('reset')
      await until('b has seen it', () => b.sessions.get(sid as number)?.isConnected === false)
      if (code === closeCodes.kicked) await a.sessions.akick('red', 'bye')
      else
        t.equal(
          typeof (await (await join(a)).client.request('player.login', { uid: 'red', channel: 'lobby' })),
          'number'
        )
      proxy.isDown = false
      goTo(back)
      await until('the client is told', () => client.state === 'closed' || losses.length > 0)
      t.match(client.error, { code: 'CONNECTION_CLOSED', data: { code } })
      t.same(losses, [])
      await a.sessions.akick('red')
    }
  }
})

t.test(
  'a client whose session was ended on purpose is told when its gateway has ended meanwhile, too',
  async t => {
    const { gateways, join } = await start(t, ['a', 'b', 'c'], { singleSession: 'kick' })
    const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
    const players = await Promise.all(
      ['red', 'blue', 'green'].map(async uid => {
        const player = await join(a)
        const sid = (await player.client.request('player.login', { uid, channel: 'lobby' })) as number
        player.proxy.isDown = true
        player.proxy.cut('reset')
        await until('a has seen it', () => a.sessions.get(sid)?.isConnected === false)
        return player
      })
    )
    const [red, blue, green] = players as [(typeof players)[0], (typeof players)[0], (typeof players)[0]]
    await b.sessions.akick('red', 'bye')
    const successor = await join(b)
    await successor.client.request('player.login', { uid: 'blue', channel: 'lobby' })
    green.goTo(c)
    green.proxy.isDown = false
    await a.drain()
    // Who keeps them on ends, too.
    successor.goTo(c)
    await b.drain()
    for (const each of players) {
      each.goTo(c)
      each.proxy.isDown = false
    }
    for (const [{ client, losses }, code] of [
      [red, closeCodes.kicked],
      [blue, closeCodes.replaced]
    ] as const) {
      await until('the client is told', () => client.state === 'closed' || losses.length > 0)
      t.match(client.error, { code: 'CONNECTION_CLOSED', data: { code } })
    }
    t.same(((await green.client.request('player.state')) as { uid: unknown }).uid, 'green')
  }
)

t.test(
  'a gateway that has joined since tells clients, too, whose sessions were ended on purpose',
  async t => {
    const { gateways, join, start: startOne } = await start(t, ['a', 'b', 'c'])
    const [a, b] = gateways as [Gateway, Gateway]
    const here = await join(a)
    const moved = await join(a)
    await here.client.request('player.login', { uid: 'red', channel: 'lobby' })
    await moved.client.request('player.login', { uid: 'blue', channel: 'lobby' })
    moved.goTo(b)
    moved.proxy.cut('reset')
    t.equal(await where(moved.client), 'b')
    for (const [{ proxy }, gateway, uid] of [
      [here, a, 'red'],
      [moved, b, 'blue']
    ] as const) {
      proxy.isDown = true
      proxy.cut('reset')
      await until('it is away', () => gateway.sessions.getByUid(uid)[0]?.isConnected === false)
      await gateway.sessions.akick(uid, 'bye')
    }
    await a.drain()
    const { gateway: next } = await startOne('a')
    await until('it has links', () => next.metrics().clusterPeers === 2)
    for (const { client, losses, goTo, proxy } of [here, moved]) {
      goTo(next)
      proxy.isDown = false
      await until('the client is told', () => client.state === 'closed' || losses.length > 0)
      t.match(client.error, { code: 'CONNECTION_CLOSED', data: { code: closeCodes.kicked } })
    }
  }
)

t.test(
  'after a cut that was longer than its lease, the sessions of a gateway are found from all',
  async t => {
    const { gateways, network, join } = await start(t, ['a', 'b', 'c'], { leaseTtl: 1_000 })
    const [a, b, c] = gateways as [Gateway, Gateway, Gateway]
    const players = await Promise.all([b, c, a].map(async next => ({ ...(await join(a)), next })))
    for (const { client } of players) await client.request('player.login', { uid: 'red', channel: 'lobby' })
    network.cutOff('a')
    await until('a counts as dead', () => [b, c].every(({ cluster }) => cluster!.peers().length === 1))
    network.heal()
    await until('all have links again', () =>
      gateways.every(gateway => gateway.metrics().clusterPeers === gateways.length - 1)
    )
    for (const { client, proxy, goTo, next, losses } of players) {
      goTo(next)
      proxy.cut('reset')
      t.equal(await where(client), next.options.frontendId)
      t.match(await client.request('player.state'), { uid: 'red' })
      t.same(losses, [])
    }
  }
)
