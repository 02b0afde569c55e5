/** The hooks of sessions: onConnect, onClose, and filters. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../../client/node.js'
import type { GatewayOptions } from '../../../gateway/index.js'
import { routeCode } from '../../../gateway/sessions/routes.js'
import { hookRoutes } from '../../../shared/link/hooks.js'
import { Clock } from '../../helpers/clock.js'
import { type LogLine, startGateway, startWithTwoWorkers } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import type { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/** Starts a gateway with one worker, since each worker has gates of its own. */
async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const folder = join(root, 'test/fixtures/handlers-hooks')
  const running = await startGateway(t, folder, { workers: 1, ...options })
  const { gateway, lines } = running
  const joinPomelo = async (user?: object) => {
    const player = await PomeloPlayer.join(gateway.url, { user })
    t.teardown(() => player.leave())
    return player
  }
  const said = (message: string) => lines.filter(line => line.message === message).map(({ fields }) => fields)
  return { ...running, joinPomelo, said }
}

const failuresIn = (lines: readonly LogLine[]) => lines.filter(({ message }) => message === 'A hook failed')

/** Makes the onClose of a session do what `close` says. */
async function prepare(player: Player, close: object): Promise<void> {
  await player.request('player.put', { key: 'close', value: close })
}

t.test('onConnect knows the address, the protocol and what a Pomelo client said of itself', async t => {
  const { connect, joinPomelo } = await start(t)
  const address = { ip: '127.0.0.1', port: Number }
  const { greeted } = await (await connect()).request('player.who')
  t.same(
    { ...greeted, address: undefined },
    { address: undefined, protocol: 'json', resumed: false, moved: false, restored: false }
  )
  t.match(greeted, { address })
  const player = await joinPomelo({ name: 'räd' })
  const { body } = await player.request('player.who')
  t.match(body.greeted, { address, protocol: 'pomelo', user: { name: 'räd' } })
})

t.test('requests that come meanwhile wait behind onConnect, concurrent ones too', async t => {
  const { connect, joinPomelo, said, gateway } = await start(t)
  const [player, other] = [await joinPomelo({ hold: 'door' }), await connect()]
  const who = player.request('player.who')
  const put = player.request('player.put', { key: 'state', value: 1 })
  player.notify('player.concurrently', { name: 'side' })
  await until('it greets', () => said('onConnect').length === 2)
  await until('all are there', () => gateway.metrics().requests === 2 && gateway.metrics().notifies === 1)
  await other.request('player.who')
  t.same(player.replies, [])
  t.same(said('put'), [])
  t.same(said('holds'), [])
  await other.request('player.open', { name: 'door' })
  t.ok((await who).body.greeted, 'and see what it pushed')
  await put
  await until('the concurrent one runs', () => said('holds').length === 1)
  await other.request('player.open', { name: 'side' })
})

t.test('a session that onConnect refuses ends with 4505 and the reason, and nothing of it runs', async t => {
  const { connect, joinPomelo, said, gateway, lines } = await start(t)
  const other = await connect()
  const player = await joinPomelo({ hold: 'door', refuse: 'You are banned' })
  for (let i = 0; i < 5; i++) player.notify('player.put', { key: 'state', value: i })
  player.notify('player.concurrently', { name: 'side' })
  await until('all are there', () => gateway.metrics().notifies === 6)
  await other.request('player.open', { name: 'door' })
  t.same(await player.closed, { code: 4505, reason: 'You are banned' })
  matchRows(t, player.kicks, [{ reason: 'You are banned' }])
  const mute = await joinPomelo({ answer: false })
  t.same(await mute.closed, { code: 4505, reason: 'refused' })
  await until('both are told of', () => said('onClose is over').length === 2)
  matchRows(t, said('onClose'), [{ reason: 'refused' }, { reason: 'refused' }])
  t.same([...said('put'), ...said('holds')], [])
  t.equal(gateway.sessions.getSessionsCount(), 1)
  t.same(failuresIn(lines), [], 'that is no failure')
})

t.test('a client of the text form reads why it was refused', async t => {
  const folder = t.testdir({
    '_hooks.js': 'export const onConnect = () => false',
    'a.js': 'export const b = () => 1'
  })
  const { connect } = await startWithTwoWorkers(t, folder)
  const player = await connect()
  t.same(await player.closed, { code: 4505, reason: 'refused' })
  t.same(player.events, [['$kick', { reason: 'refused' }]])
})

t.test('an onConnect that fails is logged, and its session goes on', async t => {
  const { joinPomelo, lines, said } = await start(t)
  const player = await joinPomelo({ fail: 'no database' })
  t.ok((await player.request('player.who')).body.greeted)
  matchRows(t, failuresIn(lines), [{ level: 'error', fields: { hook: 'onConnect', code: 'INTERNAL' } }])
  matchRows(t, said('A handler failed'), [{ route: '_hooks.onConnect', error: /TypeError: no database\n/ }])
})

t.test('an onConnect whose worker ends lets nobody new in, its own client or another', async t => {
  const { gateway, joinPomelo, lines, said } = await start(t)
  const client = await connect(gateway.url)
  t.teardown(() => client.close())
  await until('it is greeted', () => said('onConnect').length === 1)
  const waiting = await joinPomelo({ hold: 'door' })
  waiting.notify('player.put', { key: 'state', value: 1 })
  await until('it greets', () => said('onConnect').length === 2)
  const killer = await joinPomelo({ exit: true })
  for (const each of [killer, waiting]) {
    t.match(await each.closed, { code: 1013, reason: /^the session could not begin, come back in \d+ ms$/ })
    matchRows(t, each.kicks, [{ reason: /^the session could not begin, come back in \d+ ms$/ }])
  }
  matchRows(
    t,
    failuresIn(lines)
      .map(({ fields }) => fields['code'])
      .sort(),
    ['HANDLER_FATAL', 'WORKER_LOST']
  )
  t.same(said('put'), [], 'and nothing of it runs')
  t.equal(said('onConnect').length, 3, 'nor is it repeated')
  t.equal(gateway.sessions.getSessionsCount(), 1)
})

t.test('an onConnect that ends workers again and again lets nobody new in for a while', async t => {
  let ahead = 0
  const { gateway, joinPomelo, lines, said } = await start(t, { monotonic: () => performance.now() + ahead })
  const player = await joinPomelo()
  const client = await connect<{ 'player.who': { body: undefined; reply: { sid: number } } }>(gateway.url)
  t.teardown(() => client.close())
  const { sid } = await client.request('player.who')
  for (let i = 0; i < 3; i++) await (await joinPomelo({ exit: true })).closed
  matchRows(t, said('A route is suspended: it ends workers again and again'), [{ route: '_hooks.onConnect' }])
  const greeted = said('onConnect').length
  const stranger = await joinPomelo()
  stranger.notify('player.put', { key: 'state', value: 1 })
  t.match(await stranger.closed, { code: 1013, reason: /^the session could not begin, come back in \d+ ms$/ })
  matchRows(t, stranger.kicks, [{ reason: /^the session could not begin, come back in \d+ ms$/ }])
  t.match(failuresIn(lines).at(-1), { fields: { hook: 'onConnect', code: 'ROUTE_SUSPENDED' } })
  client.reconnect()
  await until('it is back', () => gateway.metrics().sessionsResumed === 1)
  t.match(await client.request('player.who'), { sid }, 'who was greeted once comes back to their session')
  t.ok((await player.request('player.who')).body.greeted, 'and who is there plays on')
  t.equal(said('onConnect').length, greeted)
  t.same(said('put'), [])
  ahead = 61_000
  t.ok((await (await joinPomelo()).request('player.who')).body.greeted)
})

t.test('an onClose that ends workers again and again is not run for a while', async t => {
  const { connect: join, gateway, lines, said } = await start(t)
  for (let i = 1; i <= 3; i++) {
    const player = await join()
    await prepare(player, { exit: true })
    player.leave()
    await until('its worker has ended', () => gateway.metrics().workersLost === i)
  }
  const player = await join()
  const { sid } = await player.request('player.who')
  player.leave()
  const lost = () => failuresIn(lines).filter(({ fields }) => fields['sid'] === sid)
  await until('it is told of', () => lost().length === 1)
  matchRows(t, lost(), [{ fields: { hook: 'onClose', code: 'ROUTE_SUSPENDED' } }])
  t.equal(said('onClose').length, 3)
  await gateway.close()
})

t.test('no client can ask for a hook, by any name or code', async t => {
  const { gateway, connect, joinPomelo, said } = await start(t)
  const player = await connect()
  const names = ['_hooks.onConnect', '_hooks.onClose', '_hooks.before', '_hooks', 'onConnect', '_gate.gate']
  for (const name of names) await t.rejects(player.request(name), { code: 'ROUTE_UNKNOWN' }, name)
  t.same(
    gateway.routes.filter(({ route }) => /hook|onC/.test(route)),
    []
  )
  const pomelo = await joinPomelo()
  const dict = pomelo.answer!.sys!.dict!
  t.equal(Object.keys(dict).length, gateway.routes.length)
  t.same(
    Object.keys(dict).filter(route => route.startsWith('_')),
    []
  )
  for (const code of [0, ...Object.values(hookRoutes).map(routeCode)])
    t.match((await pomelo.request(code)).body, { error: 'ROUTE_UNKNOWN' }, `${code}`)
  t.same(said('onClose'), [])
})

t.test(
  'onClose starts when the last request has ended, with the last state; what had not started is dropped',
  async t => {
    const { connect, said, gateway } = await start(t)
    const [player, other] = [await connect(), await connect()]
    await player.request('player.login', { uid: 'red' })
    await player.request('player.put', { key: 'state', value: { hp: 7 } })
    player.notify('player.hold', { name: 'door' })
    player.notify('player.concurrently', { name: 'side' })
    player.notify('player.put', { key: 'state', value: 'never' })
    await until('both run', () => said('holds').length === 2 && gateway.metrics().notifies === 3)
    player.leave()
    await until('it is gone', () => gateway.sessions.getSessionsCount() === 1)
    await other.request('player.open', { name: 'door' })
    await until('one has ended', () => said('held').length === 1)
    await other.request('player.who')
    t.same(said('onClose'), [])
    await other.request('player.open', { name: 'side' })
    await until('it is told of', () => said('onClose').length === 1)
    matchRows(t, said('onClose'), [{ uid: 'red', state: { hp: 7 }, reason: 'connection lost (1006)' }])
    t.equal(said('put').length, 1)
  }
)

t.test('onClose runs once for each session, whatever it ended of', async t => {
  const clock = new Clock()
  const { connect, joinPomelo, said, gateway } = await start(t, { heartbeat: 40, monotonic: clock.monotonic })
  const reasons = async (end: (player: Player) => unknown) => {
    const player = await connect()
    const { sid } = await player.request('player.who')
    end(player)
    await player.closed
    await until('it is told of', () => said('onClose is over').some(line => line['sid'] === sid))
    const lines = said('onClose').filter(line => line['sid'] === sid)
    return lines.map(({ reason }) => reason)
  }
  t.same(await reasons(player => player.ws.close(1000)), ['client closed'])
  t.same(await reasons(player => player.leave()), ['connection lost (1006)'])
  t.same(await reasons(player => player.request('player.leave')), ['as it asked'])
  matchRows(t, await reasons(player => player.ws.send('x'.repeat(300_000))), [/more than 263168 bytes/])
  let last = 0
  t.same(
    await reasons(() => {
      gateway.sessions.forEachSession(({ id }) => (last = id))
      gateway.sessions.kickBySessionId(last, 'by the host')
      gateway.sessions.kickBySessionId(last, 'again')
    }),
    ['by the host']
  )
  const silent = await joinPomelo()
  await silent.request('player.who')
  await clock.advance(90)
  t.equal((await silent.closed).code, 4001)
  await until('it is told of', () => said('onClose').some(({ reason }) => reason === 'silent for too long'))
  await gateway.close()
  t.equal(said('onClose').length, gateway.metrics().sessionsClosed)
})

t.test('in onClose the session can be changed no more, and others can be told', async t => {
  const { connect, said } = await start(t)
  const [player, other] = [await connect(), await connect()]
  await other.request('player.join', { name: 'hall' })
  await player.request('player.join', { name: 'hall' })
  await player.request('player.login', { uid: 'red' })
  await prepare(player, { push: true, tell: true })
  player.leave()
  await until('it is over', () => said('onClose is over').length === 1)
  t.same(said('pushed late'), [{ code: 'SESSION_NOT_FOUND', ...routeOf(said('pushed late')) }])
  await until('the other knows', () => other.events.length === 2)
  t.same(other.events, [
    ['left', { uid: 'red' }],
    ['left the hall', { uid: 'red' }]
  ])
})

/** Returns the fields that each line of a request carries. */
function routeOf([line]: readonly Readonly<Record<string, unknown>>[]) {
  const { route, requestId, sid, uid, worker } = line!
  return { route, requestId, sid, uid, worker }
}

t.test('an onClose that throws is logged, and stops nothing else', async t => {
  const { connect, said, lines } = await start(t)
  const [player, other] = [await connect(), await connect()]
  await player.request('player.login', { uid: 'red' })
  await prepare(player, { fail: 'no database' })
  player.leave()
  await until('it has failed', () => failuresIn(lines).length === 1)
  matchRows(t, failuresIn(lines), [{ fields: { hook: 'onClose', uid: 'red', code: 'INTERNAL' } }])
  matchRows(t, said('A handler failed'), [{ error: /Error: no database\n/ }])
  other.leave()
  await until('the other is told of', () => said('onClose is over').length === 1)
})

t.test('an onClose whose worker ends is lost with it: that is logged, and it is not repeated', async t => {
  const { connect, said, lines, gateway } = await start(t)
  const [player, other] = [await connect(), await connect()]
  const { sid } = await player.request('player.who')
  await prepare(player, { exit: true })
  player.leave()
  await until('it is lost', () => failuresIn(lines).length === 1)
  matchRows(t, failuresIn(lines), [{ fields: { hook: 'onClose', sid, code: 'HANDLER_FATAL' } }])
  await other.request('player.who')
  await gateway.close()
  t.equal(said('onClose').filter(line => line['sid'] === sid).length, 1)
})

t.test('the death of the worker of its last request costs a session its onClose not', async t => {
  const { connect, said, gateway } = await start(t)
  const [player, killer] = [await connect(), await connect()]
  await player.request('player.put', { key: 'state', value: 'kept' })
  player.notify('player.hold', { name: 'door' })
  await until('it runs', () => said('holds').length === 1)
  player.leave()
  await until('it is gone', () => gateway.sessions.getSessionsCount() === 1)
  t.same(said('onClose'), [])
  await t.rejects(killer.request('player.exit'), { code: 'HANDLER_FATAL' })
  await until('it is told of', () => said('onClose is over').length === 1)
  matchRows(t, said('onClose'), [{ state: 'kept' }])
})

t.test('a last request that goes on for ever keeps onClose no longer than its timeout', async t => {
  const { connect, said } = await start(t)
  const player = await connect()
  player.notify('player.briefly', { name: 'never' })
  await until('it runs', () => said('holds').length === 1)
  player.leave()
  await until('it is told of', () => said('onClose is over').length === 1)
  t.same(said('held'), [])
})

t.test('as the gateway closes all sessions end, and it waits for each onClose', async t => {
  const { connect, said, gateway } = await start(t)
  const players = await Promise.all(Array.from({ length: 50 }, connect))
  await Promise.all(players.map(player => player.request('player.who')))
  await gateway.close()
  t.equal(said('onClose is over').length, 50)
  t.match(said('onClose')[0], { reason: 'the gateway is closing' })
})

t.test('a close waits for onClose no longer than closeTimeout, and says how many are lost', async t => {
  const { connect, gateway, lines } = await start(t, { closeTimeout: 50 })
  const player = await connect()
  await prepare(player, { hold: 'never' })
  await gateway.close()
  const line = lines.find(({ message }) => message === 'The gateway closes before each onClose is done')
  t.match(line, { level: 'error', fields: { sessions: 1 } })
})

t.test('where handlers have no hooks, nothing is handed out for a session', async t => {
  const { connect, gateway, lines } = await startWithTwoWorkers(t, 'lanes')
  const players = await Promise.all(Array.from({ length: 5 }, connect))
  for (const player of players) player.leave()
  await until('all are gone', () => gateway.metrics().sessionsClosed === 5)
  await gateway.close()
  t.equal(gateway.metrics().batches, 0)
  t.same(failuresIn(lines), [])
})

t.test('filters answer, refuse and change what comes in, before the handler of their folder', async t => {
  const folder = t.testdir({
    '_hooks.js': `import { RequestError } from 'sallyport/worker'
      export function before (body, session, context) {
        if (body.refuse) throw new RequestError('REFUSED', 'Not you', { of: context.route })
        if (body.fail) throw new TypeError('secret')
        if (body.odd) return 'odd'
        if (body.answer) return { reply: 'answered' }
        return { body: { ...body, sid: session.id } }
      }
      export function after (outcome, _session, context) {
        context.log.info('after', { route: context.route, code: outcome.error?.code, reply: outcome.reply })
      }`,
    'a.js': 'export const b = body => body\nexport const c = () => { throw new Error(1) }',
    inner: {
      '_hooks.cjs': 'exports.before = async body => ({ body: { ...body, inner: true } })',
      'a.js': 'export const b = body => body'
    }
  })
  const { connect, lines, gateway } = await startWithTwoWorkers(t, folder)
  const player = await connect()
  t.match(await player.request('a.b', { x: 1 }), { x: 1, sid: Number })
  t.match(await player.request('inner.a.b', { x: 1 }), { x: 1, sid: Number, inner: true })
  t.equal(await player.request('inner.a.b', { answer: true }), 'answered')
  const refused = { code: 'REFUSED', message: 'Not you', data: { of: 'a.b' } }
  await t.rejects(player.request('a.b', { refuse: true }), refused)
  for (const body of [{ fail: true }, { odd: true }]) {
    const error = await player.request('a.b', body).catch(error => error)
    t.equal(error.code, 'INTERNAL')
    t.notMatch(error.message, /secret|odd/)
  }
  await t.rejects(player.request('a.c', {}), { code: 'INTERNAL' })
  await t.rejects(player.request('a.b'), { code: 'INTERNAL' }, 'the filter is the one to check the body')
  const seen = lines.filter(({ message }) => message === 'after').map(({ fields }) => fields)
  t.match(seen[3], { route: 'a.b', code: 'REFUSED' })
  t.equal(seen.length, 8)
  const causes = lines
    .filter(({ message }) => message === 'A handler failed')
    .map(({ fields }) => fields['error'])
  t.match(causes[1], /Expected before of _hooks\.js to give nothing, \{ body \} or \{ reply \}, got "odd"/)
  t.same(
    gateway.routes.map(({ route }) => route),
    ['a.b', 'a.c', 'inner.a.b']
  )
})

t.test('a filter is code of the game: a worker that it ends is blamed on its request', async t => {
  const folder = t.testdir({
    '_hooks.js': 'export const before = body => { if (body === 1) process.exit(1) }',
    'a.js': 'export const b = body => body\nexport const never = () => new Promise(() => {})'
  })
  const { connect } = await startGateway(t, folder, { workers: 1 })
  const [player, other] = [await connect(), await connect()]
  other.notify('a.never')
  await player.request('a.b', 2)
  await t.rejects(player.request('a.b', 1), { code: 'HANDLER_FATAL' })
})
