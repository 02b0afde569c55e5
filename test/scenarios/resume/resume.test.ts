/** Clients of `sallyport/client` that lose their connection and resume their session. */

import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { type Client, type ClientOptions, connect, type StateChange } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import type { Cut } from '../../../testing/tcp-proxy.js'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

const handlers = fixture('handlers-resume')

/** Short times for a test, but long enough for a busy machine. */
const quick: ClientOptions = { backOff: { least: 1, most: 20 }, heartbeat: 100, heartbeatTimeout: 300 }

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, handlers, { workers: 1, ...options })
  const proxy = await startProxy(t, running.gateway.address.port)
  const join = async (clientOptions: ClientOptions = {}) => {
    const client = await connect(proxy.url, { ...quick, ...clientOptions })
    t.teardown(() => client.close())
    return client
  }
  return { ...running, proxy, join }
}

/** Collects the bodies of an event as they arrive. */
function collect(client: Client, event: string): unknown[] {
  const bodies: unknown[] = []
  client.on(event, body => bodies.push(body))
  return bodies
}

/** Resolves with the next change to `state`. */
function change(client: Client, state: StateChange['state']): Promise<StateChange> {
  return new Promise(resolve => {
    const end = client.onState(each => {
      if (each.state !== state) return
      end()
      resolve(each)
    })
  })
}

for (const how of ['end', 'reset', 'silent', 'midFrame'] as const satisfies readonly Cut[]) {
  t.test(
    `after a cut (${how}) the session goes on, and what was sent meanwhile comes, in order and once`,
    async t => {
      const { gateway, proxy, join } = await start(t)
      const client = await join()
      const events = collect(client, 'tick')
      const { sid } = (await client.request('player.login', { uid: 'red' })) as { sid: number }
      await client.request('player.add', { n: 0 })
      for (let n = 0; n < 10; n++) gateway.send('red', 'tick', n)
      await until('the first events came', () => events.length === 10)
      const back = change(client, 'open')
      proxy.cut(how)
      for (let n = 10; n < 20; n++) gateway.send('red', 'tick', n)
      const asked = [1, 2, 3].map(n => client.request('player.add', { n }))
      for (let n = 20; n < 30; n++) gateway.channel('all').broadcast('tick', n)
      t.match(await back, { resumed: true })
      t.same(await Promise.all(asked), [1, 2, 3])
      await until('all events came', () => events.length >= 30)
      t.same(
        events,
        Array.from({ length: 30 }, (_, n) => n)
      )
      t.same(await client.request('player.seen'), [0, 1, 2, 3], 'each request was run once, in order')
      t.equal(gateway.sessions.get(sid)?.uid, 'red')
      t.match(gateway.metrics(), { sessions: 1, sessionsOpened: 1, sessionsResumed: 1, detachedSessions: 0 })
    }
  )
}

t.test('a request that runs while its client is away is answered when it is back', async t => {
  const { gateway, proxy, join } = await start(t)
  const [client, other] = [await join(), await connect(gateway.url)]
  t.teardown(() => other.close())
  const holding = collect(client, 'holding')
  const held = client.request('player.hold', { key: 'a' })
  await until('it runs', () => holding.length === 1)
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  await other.request('player.free', { key: 'a' })
  await until('it has run', () => gateway.metrics().requestsRunning === 0)
  proxy.isDown = false
  t.equal(await held, 'held')
})

t.test(
  'a client that comes back with a full lane gets its events, and is not cut for its handshake',
  async t => {
    const { gateway, proxy, join } = await start(t, { laneLimit: 4, handshakeTimeout: 200 })
    const [client, other] = [await join(), await connect(gateway.url)]
    t.teardown(() => other.close())
    await client.request('player.login', { uid: 'red' })
    const [holding, ticks] = [collect(client, 'holding'), collect(client, 'tick')]
    const held = [1, 2, 3, 4].map(() => client.request('player.hold', { key: 'a' }))
    await until('its lane is full', () => gateway.metrics().socketsPaused === 1)
    const closes: unknown[] = []
    client.onState(({ state, code }) => state === 'resuming' && closes.push(code))
    const back = change(client, 'open')
    proxy.cut('reset')
    t.match(await back, { resumed: true })
    gateway.send('red', 'tick', 1)
    await until('the event has come', () => ticks.length === 1)
    await until('it is not read', () => gateway.metrics().socketsPaused === 2)
    // A client that came later is cut for its handshake: so the time of this one is over.
    const late = new WebSocket(gateway.url)
    const [code] = await once(late, 'close')
    t.equal(code, 4002)
    t.equal(gateway.metrics().connectionsClosedUnfinished, 1, 'only that one')
    t.equal(closes.length, 1, 'only the cut')
    for (let n = 1; n <= 4; n++) {
      await until('the next one runs', () => holding.length === n)
      await other.request('player.free', { key: 'a' })
    }
    t.same(await Promise.all(held), ['held', 'held', 'held', 'held'])
  }
)

t.test('of latest events the newest of each key comes after a resume; volatile ones do not', async t => {
  const { gateway, proxy, join } = await start(t)
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  const [positions, typing] = [collect(client, 'at'), collect(client, 'typing')]
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  for (let x = 0; x < 5; x++) {
    for (const key of ['a', 'b']) {
      t.equal(gateway.send('red', 'at', { key, x }, { delivery: 'latest', key }), 1)
    }
  }
  t.equal(gateway.send('red', 'typing', 1, { delivery: 'volatile' }), 0, 'who is away does not get it')
  const back = change(client, 'open')
  proxy.isDown = false
  t.match(await back, { resumed: true })
  await until('both came', () => positions.length >= 2)
  await client.request('player.seen')
  t.same(positions, [
    { key: 'a', x: 4 },
    { key: 'b', x: 4 }
  ])
  t.same(typing, [])
  t.match(gateway.metrics(), { eventsDropped: 1, eventsReplaced: 8 })
})

t.test('who does not come back in time has lost the session, and is told; nothing is left of it', async t => {
  const { gateway, proxy, join } = await start(t, { resumeWindow: 50 })
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  for (let n = 0; n < 10; n++) gateway.send('red', 'tick', n)
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => client.state === 'resuming')
  const [request, opened] = [client.request('player.seen'), change(client, 'open')]
  await until('its session is over', () => gateway.metrics().sessions === 0)
  t.match(gateway.metrics(), { detachedSessions: 0, backlogBytes: 0, users: 0, channels: 0 })
  proxy.isDown = false
  t.match(await opened, { resumed: false })
  await t.rejects(request, { code: 'SESSION_LOST', retryable: true, message: /it was not sent/ })
  t.same(await client.request('player.seen'), [])
  t.match(gateway.metrics(), { sessionsOpened: 2, resumesFailed: 1, sessionsResumed: 0 })
})

t.test('where no session is kept, a drop ends it at once, and what was asked for is rejected', async t => {
  const { gateway, proxy, join } = await start(t, { resumeWindow: 0 })
  const client = await join()
  const holding = collect(client, 'holding')
  const held = client.request('player.hold', { key: 'b' })
  await until('it runs', () => holding.length === 1)
  const opened = change(client, 'open')
  proxy.cut('reset')
  await t.rejects(held, { code: 'SESSION_LOST', retryable: false, message: /may have been run/ })
  t.match(await opened, { resumed: false })
  t.match(gateway.metrics(), { sessions: 1, sessionsOpened: 2, sessionsDetached: 0 })
})

t.test('a goodbye ends the session at once', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  await client.request('player.seen')
  client.close()
  await until('it is over', () => gateway.metrics().sessions === 0)
  t.match(gateway.metrics(), { sessionsDetached: 0, backlogBytes: 0 })
})

t.test('a close that the client has not said, as of a browser or a proxy, is no goodbye', async t => {
  const sockets: WebSocket[] = []
  class Exposed extends WebSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
    }
  }
  const { gateway, join } = await start(t)
  const client = await join({ WebSocket: Exposed as unknown as NonNullable<ClientOptions['WebSocket']> })
  for (const [index, code] of [1001, undefined].entries()) {
    const back = change(client, 'open')
    sockets.at(-1)!.close(code)
    t.match(await back, { resumed: true }, `closed with ${code}`)
    t.match(gateway.metrics(), { sessions: 1, sessionsResumed: index + 1 })
  }
})

/** Joins with resume, but without our client library, so that the client may close with any code. */
function joinRaw(url: string, resume: true | { token: string; epoch: string; received: number } = true) {
  return PomeloPlayer.join(url, { sys: { resume } })
}

t.test('of the codes that the other side may close with, only 1000 is a goodbye', async t => {
  const { gateway } = await start(t)
  const codes = [1001, 1002, 1003, 1008, 1011, 1012, 3000, 3999, 4000, 4003, 4500, 4503, 4506, 4999, 1000]
  for (const [index, code] of codes.entries()) {
    const uid = `closes with ${code}`
    const player = await joinRaw(gateway.url)
    await player.request('player.login', { uid })
    const { token, epoch } = player.answer!.sys!.resume!
    player.ws.close(code)
    await until('it has gone', () => gateway.metrics().connections === 0)
    t.equal(gateway.sessions.getByUid(uid).length, code === 1000 ? 0 : 1, uid)
    const back = await joinRaw(gateway.url, { token, epoch, received: 1 })
    t.match(back.answer?.sys?.resume, { resumed: code !== 1000 }, uid)
    t.equal(gateway.metrics().sessionsResumed, Math.min(index + 1, codes.length - 1))
    back.ws.close(1000)
    await until('it has gone', () => gateway.metrics().connections === 0)
  }
})

t.test('who says a code of the gateway is not told by it later', async t => {
  const { gateway } = await start(t, { resumeWindow: 60_000, unboundResumeWindow: 0 })
  for (const code of [4500, 4503]) {
    const player = await joinRaw(gateway.url)
    const { token, epoch } = player.answer!.sys!.resume!
    // When this is answered, its onConnect is over and the session holds nothing.
    await player.request('player.seen')
    player.ws.close(code)
    await until('its session is over', () => gateway.metrics().sessions === 0)
    const back = await joinRaw(gateway.url, { token, epoch, received: 1 })
    t.match(back.answer?.sys?.resume, { resumed: false, reason: 'gone' })
    back.ws.close(1000)
    await until('it has gone', () => gateway.metrics().sessions === 0)
  }
})

t.test('who is kicked is told, whether the client is there or away', async t => {
  const { gateway, proxy, join } = await start(t)
  const [here, away] = [await join(), await join()]
  await here.request('player.login', { uid: 'here' })
  await away.request('player.login', { uid: 'away' })
  const closed = change(here, 'closed')
  gateway.sessions.kick('here', 'Enough.')
  t.match(await closed, { code: 4500, reason: /Enough\./ })
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  gateway.sessions.kick('away', 'Enough for you too.')
  t.match(gateway.metrics(), { sessions: 0, detachedSessions: 0, backlogBytes: 0, detachedBytes: 0 })
  const told = change(away, 'closed')
  proxy.isDown = false
  t.match(await told, { code: 4500, reason: 'Enough for you too.' })
  t.match(away.error, { code: 'CONNECTION_CLOSED', data: { code: 4500 } })
  t.match(gateway.metrics(), { sessions: 0, sessionsOpened: 2, resumesFailed: 0 })
})

for (const singleSession of ['kick', 'reject'] as const) {
  t.test(
    `who is away while the same user comes from elsewhere is told, and stays away (${singleSession})`,
    async t => {
      const { gateway, proxy, join } = await start(t, { singleSession })
      const client = await join()
      await client.request('player.login', { uid: 'red' })
      proxy.isDown = true
      proxy.cut('reset')
      await until('it is away', () => gateway.metrics().detachedSessions === 1)
      const other = await connect(gateway.url, quick)
      t.teardown(() => other.close())
      const { sid } = (await other.request('player.login', { uid: 'red' })) as { sid: number }
      const told = change(client, 'closed')
      proxy.isDown = false
      t.match(await told, { code: 4503, reason: 'The same user came from elsewhere' })
      t.equal(gateway.sessions.getByUid('red')[0]?.id, sid, 'the newcomer has not noticed')
    }
  )
}

t.test('a kick that its client never got is told when it is back', async t => {
  const { gateway, proxy, join } = await start(t)
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  const told = change(client, 'closed')
  // Neither side is told that the connection is dead.
  proxy.cut('silent')
  gateway.sessions.kick('red', 'Enough.')
  t.match(await told, { code: 4500, reason: 'Enough.' })
})

t.test('who was kicked longer ago than a session waits is not told, and gets a new session', async t => {
  const { gateway, proxy, join } = await start(t, { resumeWindow: 50 })
  const [client, later] = [await join(), await startProxy(t, gateway.address.port)]
  const witness = await connect(later.url, quick)
  t.teardown(() => witness.close())
  await client.request('player.login', { uid: 'red' })
  await witness.request('player.login', { uid: 'witness' })
  proxy.isDown = true
  proxy.cut('reset')
  gateway.sessions.kick('red', 'Enough.')
  later.isDown = true
  later.cut('reset')
  // The witness was lost after the kick, and its session is kept for the same time.
  await until('the witness has lost its session', () => gateway.metrics().sessions === 0)
  const opened = change(client, 'open')
  proxy.isDown = false
  t.match(await opened, { resumed: false })
})

t.test('onConnect is asked at each resume, and may refuse', async t => {
  const { gateway, proxy, join } = await start(t)
  const client = await join()
  const connected = collect(client, 'connected')
  await client.request('player.login', { uid: 'red' })
  const back = change(client, 'open')
  proxy.cut('reset')
  t.match(await back, { resumed: true })
  await until('it was asked twice', () => connected.length === 2)
  t.same(connected, [false, true])
  gateway.sessions.getByUid('red')[0]?.set('seen', ['banned'])
  const closed = change(client, 'closed')
  proxy.cut('reset')
  t.match(await closed, { code: 4505, reason: /banned/ })
  t.match(gateway.metrics(), { sessions: 0, sessionsResumed: 2 })
})

t.test('a user whose client is away is not kept out by that session', async t => {
  const { gateway, proxy, join } = await start(t, { singleSession: 'reject' })
  const client = await join()
  const { sid } = (await client.request('player.login', { uid: 'red' })) as { sid: number }
  const other = await connect(gateway.url, quick)
  t.teardown(() => other.close())
  await t.rejects(other.request('player.login', { uid: 'red' }), { code: 'SINGLE_SESSION' })
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  t.match(await other.request('player.login', { uid: 'red' }), { sid: Number })
  t.equal(gateway.sessions.get(sid), undefined)
})

t.test('who is away for more than is kept has lost the session, and the gateway keeps no more', async t => {
  const { gateway, lines, proxy, join } = await start(t, { maxBacklogMessages: 10 })
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  for (let n = 0; n < 10; n++) gateway.send('red', 'tick', n)
  t.match(gateway.metrics(), { sessions: 1 })
  gateway.send('red', 'tick', 10)
  t.match(gateway.metrics(), { sessions: 0, detachedSessions: 0, backlogBytes: 0 })
  matchRows(
    t,
    lines.filter(({ message }) => message === 'A session has ended'),
    [{ level: 'info', fields: { uid: 'red', reason: /^more was sent than is kept/ } }]
  )
  const opened = change(client, 'open')
  proxy.isDown = false
  t.match(await opened, { resumed: false })
})

t.test('more than a socket may have waiting comes back by a resume', async t => {
  const { gateway, proxy, join } = await start(t, { maxSendBytes: 65_536, maxBacklogBytes: 16_777_216 })
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  const events = collect(client, 'tick')
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => gateway.metrics().detachedSessions === 1)
  const filler = 'x'.repeat(10_000)
  for (let n = 0; n < 1_000; n++) gateway.send('red', 'tick', { n, filler })
  proxy.isDown = false
  await until('all came', () => events.length >= 1_000)
  t.same(
    events.map(body => (body as { n: number }).n),
    Array.from({ length: 1_000 }, (_, n) => n)
  )
  t.match(gateway.metrics(), { connectionsClosedSlow: 0, sessionsResumed: 1 })
})

t.test(
  'a player who leaves while a handler awaits an operation on their session is no error in the log',
  async t => {
    const { gateway, lines, join } = await start(t)
    const [client, other] = [await join(), await join()]
    const holding = collect(client, 'holding')
    client.request('player.bindLate', { key: 'c', uid: 'red' }).catch(() => {})
    await until('it runs', () => holding.length === 1)
    client.close()
    await until('it has left', () => gateway.metrics().sessions === 1)
    await other.request('player.free', { key: 'c' })
    await until('its handler has ended', () => lines.some(({ message }) => message.startsWith('A handler')))
    matchRows(
      t,
      lines.filter(({ message }) => message.startsWith('A handler')),
      [{ level: 'info', message: /^A handler was refused something/, fields: { route: 'player.bindLate' } }]
    )
  }
)
