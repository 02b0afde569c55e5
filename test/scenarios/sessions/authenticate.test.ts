/** Authentication by the host, before a session begins. */
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { type Client, type ClientOptions, connect, type StateChange } from '../../../client/node.js'
import type { AuthenticationAnswer, AuthenticationRequest, GatewayOptions } from '../../../gateway/index.js'
import { startGateway, startProxy } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { frame, opcodes, RawClient } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

const handlers = join(root, 'test/fixtures/handlers-authenticate')

/** Accepts `{ name }` as that user and nothing as an anonymous client. Refuses `{ refuse }`. */
function byUser({ handshake }: AuthenticationRequest): AuthenticationAnswer {
  const { name = null, refuse, code } = (handshake?.user ?? {}) as Record<string, string>
  if (refuse !== undefined && code !== undefined) return { accept: false, reason: refuse, user: { code } }
  if (refuse !== undefined) return { accept: false, reason: refuse }
  return { accept: true, uid: name, settings: { name, since: new Date(0) } }
}

async function start(
  t: Test,
  authenticate: NonNullable<GatewayOptions['authenticate']> = byUser,
  options: Partial<GatewayOptions> = {}
) {
  const running = await startGateway(t, handlers, { workers: 1, authenticate, ...options })
  const { gateway } = running
  const joinGame = async (user?: unknown, more: ClientOptions = {}, url = gateway.url): Promise<Client> => {
    const client = await connect(url, { user, backOff: { least: 1, most: 20 }, ...more })
    t.teardown(() => client.close())
    return client
  }
  const open = async () => {
    const player = await PomeloPlayer.open(gateway.url)
    t.teardown(() => player.leave())
    return player
  }
  const failures = () => running.lines.filter(({ message }) => message === 'authenticate failed')
  return { ...running, joinGame, open, failures }
}

/** Creates an `authenticate` whose answers come when the test gives them. */
function createAsking() {
  const asked: ((answer: AuthenticationAnswer) => void)[] = []
  const authenticate = () => new Promise<AuthenticationAnswer>(resolve => asked.push(resolve))
  return { asked, authenticate }
}

t.test('a session begins with the user and the settings that authenticate has answered', async t => {
  const { joinGame, gateway } = await start(t)
  const bound: string[] = []
  gateway.sessions.on('bind', (session, uid) => bound.push(`${session.get('name')} ${uid}`))
  const red = await joinGame({ name: 'red' })
  t.match(await red.request('player.who'), {
    uid: 'red',
    name: 'red',
    since: new Date(0),
    begunAs: { uid: 'red', name: 'red' }
  })
  t.equal(gateway.sessions.getByUid('red').length, 1)
  t.same(bound, ['red red'])
  const nobody = await joinGame()
  t.match(await nobody.request('player.who'), { uid: null, name: null, begunAs: { uid: null } })
  t.match(gateway.metrics(), { authenticationsRefused: 0, sessionsOpened: 2 })
})

t.test('it is told headers, path, address and what the client said at its handshake', async t => {
  const asked: AuthenticationRequest[] = []
  const { gateway } = await start(t, request => {
    asked.push(request)
    return { accept: true }
  })
  const ws = new WebSocket(`${gateway.url}/play?room=7`, { headers: { cookie: 'id=1' } })
  const player = new PomeloPlayer(ws)
  t.teardown(() => player.leave())
  await once(ws, 'open')
  t.equal((await player.shakeHands({ user: { name: 'red' } })).code, 200)
  matchRows(t, asked, [
    {
      url: '/play?room=7',
      headers: { cookie: 'id=1' },
      address: { ip: '127.0.0.1', port: Number },
      handshake: { type: 'js-websocket', version: '0.0.1', user: { name: 'red' } }
    }
  ])
  const text = await Player.connect(`${gateway.url}/console`)
  t.teardown(() => text.leave())
  await text.request('player.who')
  t.match(asked[1], { url: '/console', handshake: undefined })
  t.ok('handshake' in asked[1]!)
})

t.test('clients that shake hands read why they are refused', async t => {
  const { open, joinGame, gateway, failures } = await start(t)
  const player = await open()
  t.same(await player.shakeHands({ user: { refuse: 'You are banned' } }), {
    code: 500,
    user: { reason: 'You are banned' }
  })
  t.same(await player.closed, { code: 4504, reason: 'You are banned' })
  await t.rejects(joinGame({ refuse: 'no', code: 'BANNED' }), {
    code: 'HANDSHAKE_REFUSED',
    data: { code: 'BANNED' }
  })
  await t.rejects(joinGame({ refuse: 'You are banned' }), { message: /You are banned/ })
  t.match(gateway.metrics(), { authenticationsRefused: 3, sessionsOpened: 0 })
  t.same(failures(), [])
})

t.test('clients of the text form read it too, and nothing of them runs', async t => {
  const { asked, authenticate } = createAsking()
  const { gateway } = await start(t, authenticate)
  for (const [index, subprotocol] of ['sallyport.json', undefined].entries()) {
    // Player.connect is not used, since it replaces a missing subprotocol by its default.
    const ws =
      subprotocol === undefined ? new WebSocket(gateway.url) : new WebSocket(gateway.url, subprotocol)
    const player = new Player(ws)
    t.teardown(() => player.leave())
    await once(ws, 'open')
    player.notify('player.count')
    player.request('player.count')
    await until('it is asked', () => asked.length === index + 1)
    asked[index]!({ accept: false, reason: 'who are you?' })
    t.same(await player.closed, { code: 4504, reason: 'who are you?' })
    t.same(player.events, [['$kick', { reason: 'who are you?' }]])
    t.same(player.strays, [])
  }
  t.match(gateway.metrics(), { sessionsOpened: 0, requests: 0, notifies: 0, authenticationsRefused: 2 })
})

t.test('what a text client sends before it is let in waits, and runs in order', async t => {
  const { asked, authenticate } = createAsking()
  const { connect: join } = await start(t, authenticate)
  const player = await join()
  const counts = player.atOnce(() => Array.from({ length: 20 }, () => player.request('player.count')))
  await until('it is asked', () => asked.length === 1)
  player.ws.ping()
  asked[0]!({ accept: true, uid: 'red' })
  const later = player.request('player.who')
  t.same(
    await Promise.all(counts),
    Array.from({ length: 20 }, (_, n) => n + 1)
  )
  t.match(await later, { uid: 'red' })
})

t.test('an answer that comes after its client has left begins no session', async t => {
  const { asked, authenticate } = createAsking()
  const { open, connect: join, gateway } = await start(t, authenticate)
  const [pomelo, text] = [await open(), await join()]
  pomelo.shakeHands().catch(() => {})
  await until('both are asked about', () => asked.length === 2)
  pomelo.leave()
  text.leave()
  await until('they are gone', () => gateway.metrics().connections === 0)
  for (const answer of asked) answer({ accept: true, uid: 'red' })
  const next = await join()
  await until('the next one is asked about', () => asked.length === 3)
  asked[2]!({ accept: true })
  await next.request('player.who')
  t.match(gateway.metrics(), { sessionsOpened: 1, users: 0 })
})

t.test('one that does not answer within handshakeTimeout closes the connection', async t => {
  const never = () => new Promise<AuthenticationAnswer>(() => {})
  const { open, connect: join, failures, gateway } = await start(t, never, { handshakeTimeout: 50 })
  const [pomelo, text] = [await open(), await join()]
  pomelo.shakeHands().catch(() => {})
  text.request('player.who')
  t.equal((await pomelo.closed).code, 4002)
  t.equal((await text.closed).code, 4002)
  const unanswered = { ip: '127.0.0.1', error: 'no answer within handshakeTimeout (50 ms)' }
  matchRows(t, failures(), [
    { level: 'error', fields: unanswered },
    { level: 'error', fields: unanswered }
  ])
  t.match(gateway.metrics(), { authenticationsFailed: 2, connectionsClosedUnfinished: 2 })
})

t.test('one that fails after its client was given up counts once', async t => {
  const failing: ((error: Error) => void)[] = []
  const late = () => new Promise<AuthenticationAnswer>((_, reject) => failing.push(reject))
  const { open, failures, gateway } = await start(t, late, { handshakeTimeout: 50 })
  const player = await open()
  player.shakeHands().catch(() => {})
  t.equal((await player.closed).code, 4002)
  failing[0]!(new Error('the service was restarted'))
  await until('the log has the cause, too', () => failures().length === 2)
  t.equal(gateway.metrics().authenticationsFailed, 1)
})

t.test('a client that says nothing is no failure of authenticate', async t => {
  const { failures, gateway } = await start(t, byUser, { handshakeTimeout: 50 })
  const silent = await PomeloPlayer.open(gateway.url)
  t.teardown(() => silent.leave())
  t.equal((await silent.closed).code, 4002)
  t.same(failures(), [])
  t.match(gateway.metrics(), { authenticationsFailed: 0, connectionsClosedUnfinished: 1 })
})

const circle: Record<string, unknown> = {}
circle['self'] = circle

/** Invalid answers: each is logged, and its client is told to come back later. */
const faults: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('the database is away')
  },
  rejects: () => Promise.reject(new Error('the database is away')),
  'answers nothing': () => undefined,
  'answers true': () => true,
  'names a user that is none': () => ({ accept: true, uid: '' }),
  'gives settings that are no object': () => ({ accept: true, settings: 'red' }),
  'gives settings that are a list': () => ({ accept: true, settings: [1] }),
  'gives settings that are a Map': () => ({ accept: true, settings: new Map([['a', 1]]) }),
  'gives settings that can not be kept': () => ({ accept: true, settings: { run: () => {} } }),
  'gives more settings than a session may have': () => ({ accept: true, settings: { x: 'x'.repeat(2_000) } }),
  'names the user by another member': () => ({ accept: true, userId: 'ann' }),
  'refuses with a member that there is not': () => ({ accept: false, raeson: 'banned' }),
  'refuses with a reason that is no text': () => ({ accept: false, reason: 4 }),
  'refuses with what is no JSON': () => ({ accept: false, user: circle })
}

t.test('one that fails sends its client away for a while, and its failure is logged', async t => {
  let fault = faults['throws']!
  const { open, failures, gateway } = await start(t, () => fault() as AuthenticationAnswer, {
    maxSettingsLength: 1_000
  })
  for (const [index, [name, each]] of Object.entries(faults).entries()) {
    fault = each
    const player = await open()
    player.shakeHands().catch(() => {})
    t.match(
      await player.closed,
      { code: 1013, reason: /^the gateway could not check who you are, come back in \d+ ms$/ },
      name
    )
    matchRows(t, player.kicks, [{ reason: /^the gateway could not check who you are, come back in \d+ ms$/ }])
    t.equal(player.answer, undefined, 'no answer, which would tell it to stay away')
    t.equal(failures().length, index + 1)
  }
  t.match(
    failures()
      .map(({ fields }) => String(fields?.['error']))
      .join('\n'),
    /with `raeson`; did you mean `reason`\?/
  )
  t.match(failures()[0], { level: 'error', fields: { ip: '127.0.0.1', error: /the database is away/ } })
  t.match(gateway.metrics(), {
    sessionsOpened: 0,
    authenticationsRefused: 0,
    authenticationsFailed: Object.keys(faults).length
  })
  const text = await Player.connect(gateway.url)
  t.teardown(() => text.leave())
  t.match(await text.closed, {
    code: 1013,
    reason: /^the gateway could not check who you are, come back in \d+ ms$/
  })
  matchRows(t, text.events, [
    ['$kick', { reason: /^the gateway could not check who you are, come back in \d+ ms$/ }]
  ])
})

t.test('onHandshake is asked first, and only whom it accepts is authenticated', async t => {
  let asked = 0
  const count = (request: AuthenticationRequest) => {
    asked++
    return byUser(request)
  }
  const { open } = await start(t, count, {
    onHandshake: ({ version }) =>
      version === '0' ? { accept: false, outdated: true } : { accept: true, user: 'hello' }
  })
  const old = await open()
  t.equal((await old.shakeHands({ sys: { version: '0' } })).code, 501)
  t.equal(asked, 0)
  t.match(await (await open()).shakeHands({ user: { name: 'red' } }), { code: 200, user: 'hello' })
  t.equal(asked, 1)
})

t.test('where a user may have one session, a second client is refused, or the first is kicked', async t => {
  const rejecting = await start(t, byUser, { singleSession: 'reject' })
  const first = await rejecting.joinGame({ name: 'red' })
  for (const resume of [undefined, true]) {
    const player = await rejecting.open()
    t.match(await player.shakeHands({ sys: { resume }, user: { name: 'red' } }), {
      code: 500,
      user: { error: 'SINGLE_SESSION', reason: /red/ }
    })
    t.equal((await player.closed).code, 4504)
  }
  t.match(await first.request('player.who'), { uid: 'red' })
  t.match(rejecting.gateway.metrics(), { sessionsOpened: 1, users: 1, authenticationsRefused: 2 })

  const kicking = await start(t, byUser, { singleSession: 'kick' })
  const old = await kicking.joinGame({ name: 'red' })
  const young = await kicking.joinGame({ name: 'red' })
  await until('the first is out', () => old.state === 'closed')
  t.match(old.error, { data: { code: 4503 } })
  t.match(await young.request('player.who'), { uid: 'red' })
})

/** Resolves when a client is open again. */
function comesBack(client: Client): Promise<StateChange> {
  return new Promise(resolve => {
    const end = client.onState(change => {
      if (change.state !== 'open') return
      end()
      resolve(change)
    })
  })
}

t.test('a client that comes back as the same user has its session, also where one is enough', async t => {
  const { joinGame, gateway } = await start(t, byUser, { singleSession: 'reject' })
  const proxy = await startProxy(t, gateway.address.port)
  const client = await joinGame({ name: 'red' }, {}, proxy.url)
  const { sid } = (await client.request('player.who')) as { sid: number }
  const back = comesBack(client)
  proxy.cut('reset')
  t.match(await back, { resumed: true })
  t.match(await client.request('player.who'), { sid, uid: 'red', resumedAs: { uid: 'red' } })
})

t.test('one that comes back as another gets a new session, and the old one waits for its own', async t => {
  const { joinGame, gateway } = await start(t)
  const proxy = await startProxy(t, gateway.address.port)
  let name = 'red'
  const client = await joinGame(() => ({ name }), {}, proxy.url)
  const { sid } = (await client.request('player.who')) as { sid: number }
  name = 'blue'
  const back = comesBack(client)
  proxy.cut('reset')
  t.match(await back, { resumed: false })
  t.match(await client.request('player.who'), { uid: 'blue', name: 'blue', begunAs: { uid: 'blue' } })
  t.equal(gateway.sessions.get(sid)?.uid, 'red')
  t.match(gateway.metrics(), { sessions: 2, detachedSessions: 1, resumesFailed: 1 })
})

t.test('a client that was nobody comes back as nobody, or as whom a handler has bound it to', async t => {
  const { joinGame, gateway } = await start(t)
  const proxy = await startProxy(t, gateway.address.port)
  let name: string | null = null
  const client = await joinGame(() => ({ name }), {}, proxy.url)
  const { sid } = (await client.request('player.who')) as { sid: number }
  await client.request('player.login', { uid: 'red' })
  for (const each of [null, 'red']) {
    name = each
    const back = comesBack(client)
    proxy.cut('reset')
    t.match(await back, { resumed: true })
    t.match(await client.request('player.who'), { sid, uid: 'red' })
  }
  name = 'blue'
  const back = comesBack(client)
  proxy.cut('reset')
  t.match(await back, { resumed: false })
})

t.test('a client whose coming back is refused is closed, and its session waits', async t => {
  const { joinGame, gateway } = await start(t)
  const proxy = await startProxy(t, gateway.address.port)
  let user: object = { name: 'red' }
  const client = await joinGame(() => user, {}, proxy.url)
  user = { refuse: 'your token is too old' }
  proxy.cut('reset')
  await until('it is closed', () => client.state === 'closed')
  t.match(client.error, { code: 'HANDSHAKE_REFUSED', data: { reason: 'your token is too old' } })
  t.match(gateway.metrics(), { sessions: 1, detachedSessions: 1 })
})

t.test('an outage of authenticate costs nobody their session', async t => {
  const outages: (() => Promise<AuthenticationAnswer>)[] = [
    () => Promise.reject(new Error('the service is away')),
    () => new Promise(() => {})
  ]
  let calls = 0
  const authenticate = (asked: AuthenticationRequest) => outages[calls++ - 1]?.() ?? byUser(asked)
  const { joinGame, gateway } = await start(t, authenticate, { handshakeTimeout: 500 })
  const proxy = await startProxy(t, gateway.address.port)
  const client = await joinGame({ name: 'red' }, {}, proxy.url)
  const { sid } = (await client.request('player.who')) as { sid: number }
  const back = comesBack(client)
  proxy.cut('reset')
  t.match(await back, { resumed: true })
  t.match(await client.request('player.who'), { sid, uid: 'red' })
  t.ok(calls >= 4, 'it was asked after each failure')
  t.match(gateway.metrics(), { sessions: 1, sessionsResumed: 1, authenticationsFailed: 2 })
})

t.test('a refusal whose reason or user is too long stays one: it is cut, and that is logged', async t => {
  const { open, lines } = await start(t, () => ({
    accept: false,
    reason: 'é'.repeat(2_000),
    user: { text: 'x'.repeat(100_000) }
  }))
  const player = await open()
  const { code, user } = await player.shakeHands()
  t.same({ code, user }, { code: 500, user: { reason: 'é'.repeat(512) } })
  matchRows(
    t,
    lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    [/reason of authenticate is cut: .* 1024 bytes/, /user of authenticate is left out: .* 65536 bytes/]
  )
})

t.test('no session begins for a client that has said goodbye while it was authenticated', async t => {
  const { asked, authenticate } = createAsking()
  const { gateway } = await start(t, authenticate, { singleSession: 'kick' })
  const client = await RawClient.open(t, gateway, undefined, { allowHalfOpen: true })
  await until('it is asked for', () => asked.length === 1)
  client.socket.write(frame(opcodes.close, [0x03, 0xe8]))
  t.equal(await client.closeCode(), 1000)
  asked[0]!({ accept: true, uid: 'red' })
  const next = await RawClient.open(t, gateway)
  await until('the next one is asked for', () => asked.length === 2)
  asked[1]!({ accept: true, uid: 'red' })
  next.socket.write(frame(opcodes.text, '[1,"no.route"]'))
  await next.reply()
  t.match(gateway.metrics(), { sessionsOpened: 1, sessionsKicked: 0 })
  next.socket.destroy()
})
