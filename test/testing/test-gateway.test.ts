/** A real gateway for a game's tests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { WebSocket } from 'ws'
import { createGateway } from '../../gateway/index.js'
import { resolveOptions } from '../../gateway/options/resolve-options.js'
import { TestGateway } from '../../testing/index.js'
import { createCertificate } from '../helpers/certificate.js'
import { until } from '../helpers/until.js'

const handlers = new URL('../../../test/fixtures/handlers-resume', import.meta.url)
const hookHandlers = new URL('../../../test/fixtures/handlers-hooks', import.meta.url)

t.test('players ask, are told, are cut off and come back; workers are ended and replaced', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  t.teardown(() => test.close())
  const player = await test.connect()
  await player.request('player.login', { uid: 'red' })
  player.listen('tick')
  test.gateway.send('red', 'tick', 1)
  t.equal(await player.next('tick'), 1)
  await player.cut()
  test.gateway.send('red', 'tick', 2)
  t.same(await player.comeBack(), { resumed: true })
  t.equal(await player.next('tick'), 2)

  const holding = player.next('holding')
  const held = player.request('player.hold', { key: 'never' })
  await holding
  const lost = t.rejects(held, { code: 'WORKER_LOST' })
  await test.killWorker()
  await lost
  t.equal(await player.request('player.add', { n: 1 }), 1)
  await t.rejects(test.killWorker(7), RangeError)
  t.ok(test.lines.some(({ message }) => message === 'A worker ended'))
})

t.test('a player records events from listen on; without it, next finds those that came before', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  t.teardown(() => test.close())
  const player = await test.connect()
  await player.request('player.login', { uid: 'red' })
  const told = new Promise<void>(resolve => {
    player.client.onEvent(event => {
      if (event === 'last') resolve()
    })
  })
  for (const [event, body] of [
    ['tick', 1],
    ['early', 1],
    ['early', 2],
    ['last', 0]
  ] as const) {
    test.gateway.send('red', event, body)
  }
  await told
  player.listen('tick')
  test.gateway.send('red', 'tick', 2)
  t.equal(await player.next('tick'), 2)
  t.equal(await player.next('early'), 1)
  t.equal(await player.next('early'), 2)
})

t.test('a player connects to a gateway with a certificate, and to one on another address', async t => {
  const folder = t.testdir()
  const { cert, key } = createCertificate()
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(tlsCert, cert)
  writeFileSync(tlsKey, key)
  class Trusting extends WebSocket {
    constructor(url: string) {
      super(url, { ca: cert })
    }
  }
  // On other systems than Linux 127.0.0.1 is the only address of the loopback.
  const others = process.platform === 'linux' ? [{ host: '127.0.0.2' }] : []
  for (const [options, client] of [
    [{ tlsCert, tlsKey }, { WebSocket: Trusting }],
    [{ host: '0.0.0.0' }, {}],
    ...others.map(each => [each, {}] as const)
  ] as const) {
    const test = await TestGateway.start({ handlers, workerArgv: [], ...options })
    t.teardown(() => test.close())
    const player = await test.connect({ ...client, connectTimeout: 5_000 })
    t.equal(await player.request('player.add', { n: 1 }), 1)
    await player.cut()
    t.same(await player.comeBack(), { resumed: true })
  }
})

t.test('a player who is cut off twice, or comes back without being away, is an error', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  t.teardown(() => test.close())
  const player = await test.connect()
  await t.rejects(player.comeBack(), { message: /^Expected the player to be away; they are connected/ })
  await t.rejects(player.cut('sideways' as 'end'), { message: /one of end, reset, .*; got "sideways"$/ })
  t.equal(await player.request('player.add', { n: 1 }), 1, 'they are still connected')
  await player.cut()
  await t.rejects(player.cut(), { message: /^Expected the player to be connected; they are cut off/ })
  t.same(await player.comeBack(), { resumed: true })
  // A connection that was lost by itself may be cut for longer.
  const away = new Promise<void>(resolve => {
    player.client.onState(({ state }) => {
      if (state === 'resuming') resolve()
    })
  })
  player.client.reconnect()
  await away
  await player.cut()
  t.same(await player.comeBack(), { resumed: true })
  await test.close()
  await t.rejects(test.connect(), { message: 'The test gateway is closed' })
})

t.test('a player who is closed says goodbye: their session ends at once, and onClose runs', async t => {
  const test = await TestGateway.start({ handlers: hookHandlers, workerArgv: [] })
  t.teardown(() => test.close())
  const player = await test.connect()
  const closed = new Promise(resolve =>
    test.gateway.sessions.once('closed', (_session, reason) => resolve(reason))
  )
  // Whoever waits, waits until then.
  await Promise.all([player.close(), player.close()])
  t.equal(test.gateway.metrics().sessions, 0)
  t.equal(await closed, 'client closed')
  const has = (line: string) => test.lines.some(({ message }) => message === line)
  await until('onClose has run', () => has('onClose is over'))
  t.equal(has('onDrop'), false)
  await player.close()
})

t.test('a player is closed although the gateway does not read their goodbye', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [], laneLimit: 2 })
  t.teardown(() => test.close())
  const player = await test.connect()
  player.listen('holding')
  for (const key of ['never', 'ever']) player.request('player.hold', { key }).catch(() => {})
  await player.next('holding')
  await until('the gateway reads no more', () => test.gateway.metrics().socketsPaused > 0)
  await player.close()
  t.equal(test.gateway.metrics().sessions, 1, 'their connection is lost, and their session waits')
})

t.test('it ends with all that it has started', async t => {
  const test = await TestGateway.start({ handlers: fileURLToPath(handlers), workerArgv: [] })
  const player = await test.connect()
  await test.close()
  t.equal(player.client.state, 'closed')
  t.match(test.gateway.metrics(), { connections: 0, sessions: 0 })
})

t.test('a player who was kicked while away does not come back, and a test does not wait for it', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  t.teardown(() => test.close())
  for (const how of ['reset', 'silent'] as const) {
    const player = await test.connect()
    await player.request('player.login', { uid: how })
    await player.cut(how)
    test.gateway.sessions.kick(how, 'you were away')
    await t.rejects(player.comeBack(), { code: 'CONNECTION_CLOSED', message: /4500 you were away/ })
    await t.rejects(player.comeBack(), { code: 'CONNECTION_CLOSED' })
    await t.rejects(player.cut(), { code: 'CONNECTION_CLOSED' })
  }
})

t.test('next ends with its client, and takes nothing but a name', async t => {
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  const [kicked, left, other] = [await test.connect(), await test.connect(), await test.connect()]
  await kicked.request('player.login', { uid: 'red' })
  const waiting = t.rejects(kicked.next('tick'), { code: 'CONNECTION_CLOSED', message: /4500 go/ })
  test.gateway.sessions.kick('red', 'go')
  await waiting
  await t.rejects(kicked.next('tick'), { code: 'CONNECTION_CLOSED', message: 'the client has ended' })
  const asked = left.next('tick')
  left.client.close()
  await t.rejects(asked, { code: 'CONNECTION_CLOSED' })
  for (const name of [undefined, 5, ''] as unknown as string[]) {
    const error = { name: 'TypeError', message: `Expected the name of an event, got ${JSON.stringify(name)}` }
    await t.rejects(other.next(name), error)
    t.throws(() => other.listen(name), error)
  }
  const last = t.rejects(other.next('tick'), { code: 'CONNECTION_CLOSED' })
  await test.close()
  await last
})

t.test('a clock that a test passes on ends what waits, such as a window to come back', async t => {
  let now = 1_000
  const options = { monotonic: () => now, resumeWindow: 60_000, unboundResumeWindow: 60_000 }
  const test = await TestGateway.start({ handlers, workerArgv: [], ...options })
  t.teardown(() => test.close())
  const player = await test.connect()
  for (const [ms, resumed] of [
    [59_000, true],
    [61_000, false]
  ] as const) {
    await player.request('player.login', { uid: 'red' })
    await player.cut('end')
    const closed = new Promise(resolve => test.gateway.sessions.once('closed', resolve))
    now += ms
    if (!resumed) await closed
    t.same(await player.comeBack(), { resumed }, `${ms} ms`)
  }
})

t.test(
  'who is coming when a test gateway is closed is told at once, and nothing is killed after it',
  async t => {
    const game = await TestGateway.start({ handlers, authenticate: () => new Promise(() => {}) })
    const closed = { message: 'The test gateway is closed' }
    const coming = game.connect({ connectTimeout: 0 })
    await until('they are there', () => game.gateway.metrics().connections === 1)
    await Promise.all([t.rejects(coming, closed), game.close()])
    await t.rejects(game.killWorker(), closed)
  }
)

t.test('mocked timers are refused at the start, as a gateway would wait for ever', async t => {
  t.teardown(() => mock.timers.reset())
  for (const api of ['setTimeout', 'setImmediate'] as const) {
    mock.timers.enable({ apis: [api] })
    await t.rejects(TestGateway.start({ handlers, workerArgv: [] }), {
      message: `TestGateway needs real timers, and ${api} is mocked: mock setInterval and Date only, or use TestWorld`
    })
    mock.timers.reset()
  }
  const { setTimeout } = globalThis
  t.teardown(() => Object.assign(globalThis, { setTimeout }))
  Object.assign(globalThis, { setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args) })
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  const test = await TestGateway.start({ handlers, workerArgv: [] })
  t.teardown(() => test.close())
  const player = await test.connect()
  t.equal(await player.request('player.add', { n: 1 }), 1)
  await player.cut('silent')
  t.same(await player.comeBack(), { resumed: true })
})

t.test('what is no object is refused as the options of a gateway, in a sentence', async t => {
  for (const [given, shown] of [
    [undefined, 'undefined'],
    [null, 'null'],
    ['x', '"x" (string)'],
    [5, '5 (number)'],
    [[], 'an array']
  ]) {
    const refused = { code: 'OPTION_INVALID', message: `Expected an object of options, got ${shown}` }
    await t.rejects(createGateway(given as never), refused)
    await t.rejects(TestGateway.start(given as never), refused)
    t.throws(() => resolveOptions(given as never), refused)
  }
})
