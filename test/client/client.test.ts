/** `sallyport/client` over a real gateway: what it sends and receives, and how it handles faults. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { type Client, ClientError, type ClientOptions, connect } from '../../client/node.js'
import type { GatewayOptions } from '../../gateway/index.js'
import { startGateway, startProxy } from '../helpers/gateway.js'
import { matchRows } from '../helpers/match-rows.js'
import { fixture } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

const handlers = fixture('handlers-resume')

async function start(t: Test, folder = handlers, options: Partial<GatewayOptions> = {}) {
  const running = await startGateway(t, folder, { workers: 1, ...options })
  const join = async (clientOptions: ClientOptions = {}, url = running.gateway.url) => {
    const client = await connect(url, { backOff: { least: 1, most: 20 }, ...clientOptions })
    t.teardown(() => client.close())
    return client
  }
  return { ...running, join }
}

/** Connects a client whose connection can be cut. */
async function startBehindProxy(t: Test, options: ClientOptions = {}) {
  const { gateway, join } = await start(t)
  const proxy = await startProxy(t, gateway.address.port)
  return { gateway, proxy, client: await join(options, proxy.url) }
}

const holding = (client: Client) => new Promise<void>(resolve => client.on('holding', () => resolve()))

t.test('a request is answered, an error reply rejects with its code, message and data', async t => {
  const { join } = await start(t)
  const client = await join()
  t.equal(await client.request('player.take', { n: 0 }), 0)
  const error = await client.request('player.take', { n: 7 }).catch(each => each)
  t.ok(error instanceof ClientError)
  t.match(error, { code: 'OUT_OF_ORDER', message: '7 came, 1 is next', retryable: false })
  await t.rejects(client.request('no.such'), { code: 'ROUTE_UNKNOWN' })
})

t.test('whoever waits for a reply goes on before the events behind it, also of one piece', async t => {
  const folder = t.testdir({
    'room.mjs': `export function change(n, session, context) {
      context.send(session, 'changed', n)
      return n
    }`
  })
  const { join } = await start(t, folder)
  const client = await join()
  const seen: string[] = []
  client.on('changed', n => seen.push(`event ${n}`))
  const change = async (n: number) => {
    const reply = await client.request('room.change', n)
    seen.push(`reply ${reply}`)
  }
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  await Promise.all(numbers.map(change))
  t.same(
    seen,
    numbers.flatMap(n => [`event ${n}`, `reply ${n}`])
  )
})

t.test('rich values go both ways as what they are', async t => {
  const { join } = await start(t, 'rich')
  const client = await join()
  const value = {
    at: new Date(5),
    scores: new Map([['red', new Set([1n, -0, Number.NaN])]]),
    bytes: Uint8Array.of(0, 255),
    missing: undefined,
    text: '🎮'
  }
  t.strictSame(await client.request('bodies.echo', value), value)
  t.equal(await client.request('bodies.echo'), undefined)
  t.equal(await client.request('bodies.echo', null), null)
  await t.rejects(client.request('bodies.echo', { a: { b: /x/ } }), {
    code: 'BODY_NOT_SERIALIZABLE',
    message: /a\.b/
  })
})

t.test('a request that is given up rejects with its reason, and its late reply goes nowhere', async t => {
  const { gateway, join } = await start(t)
  const [client, other] = [await join(), await join()]
  const changes: string[] = []
  client.onState(({ state }) => changes.push(state))
  const held = holding(client)
  const controller = new AbortController()
  const aborted = client.request('player.hold', { key: 'x' }, { signal: controller.signal })
  await held
  controller.abort(new Error('Not any more'))
  await t.rejects(aborted, { message: 'Not any more' })
  await other.request('player.free', { key: 'x' })
  // Its reply comes after the late one.
  t.same(await client.request('player.seen'), [])
  t.equal(gateway.metrics().replies, 3, 'the late one was sent')
  t.same(changes, [])
  await t.rejects(client.request('player.hold', { key: 'y' }, { timeout: 20 }), {
    code: 'REQUEST_TIMED_OUT',
    message: /20 ms/
  })
  const already = AbortSignal.abort(new Error('Never'))
  await t.rejects(client.request('player.seen', undefined, { signal: already }), { message: 'Never' })
  await t.rejects(client.request('player.seen', undefined, { timeout: -1 }), { code: 'OPTION_INVALID' })
})

t.test('what onConnect sends reaches listeners of the options, and those that are added later', async t => {
  const { join } = await start(t)
  const heard: unknown[] = []
  const client = await join({
    on: { connected: body => heard.push(body), never: undefined } as ClientOptions['on'] & object
  })
  // The reply comes after the event.
  await client.request('player.seen')
  t.same(heard, [false])
  const late = await join()
  await late.request('player.seen')
  await new Promise(resolve => setImmediate(resolve))
  late.on('connected', body => heard.push(`first ${body}`))
  late.on('connected', body => heard.push(`second ${body}`))
  await until('both were told', () => heard.length === 3)
  t.same(heard, [false, 'first false', 'second false'])
  for (const on of [5, { connected: 'listener' }])
    await t.rejects(join({ on } as never), { code: 'OPTION_INVALID', message: /`on(\.connected)?`/ })
  await t.rejects(join({ onDropped: 'log' } as never), { code: 'OPTION_INVALID', message: /`onDropped`/ })
})

t.test('what nobody listens to is kept across a resume, and not beyond its session or a close', async t => {
  const { gateway, proxy, client } = await startBehindProxy(t)
  await client.request('player.seen')
  proxy.cut('reset')
  await until('it is back', () => gateway.metrics().sessionsResumed === 1 && client.state === 'open')
  await client.request('player.seen')
  const heard: unknown[] = []
  client.on('connected', resumed => heard.push(resumed))
  await until('both were told', () => heard.length === 2)
  t.same(heard, [false, true])

  const { join } = await start(t)
  const closed = await join()
  await closed.request('player.seen')
  closed.close()
  closed.on('connected', () => t.fail('the client was closed'))
  await new Promise(resolve => setImmediate(resolve))
})

t.test('of a new session only its own events are told', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  await client.request('player.seen')
  const { port } = gateway.address
  await gateway.close()
  await until('it has seen it', () => client.state === 'resuming')
  await startGateway(t, handlers, { workers: 1, port })
  await until('it is back', () => client.state === 'open')
  await client.request('player.seen')
  const heard: unknown[] = []
  client.on('connected', resumed => heard.push(resumed))
  await until('it was told', () => heard.length > 0)
  await client.request('player.seen')
  t.same(heard, [false])
})

t.test(
  'events without a listener are bounded: what is dropped is told, on the console by default',
  async t => {
    const { gateway, join } = await start(t)
    const dropped: unknown[] = []
    const warnings: unknown[] = []
    const { warn } = console
    console.warn = (text: unknown) => warnings.push(text)
    t.teardown(() => {
      console.warn = warn
    })
    const uncaught = new Promise(resolve => process.once('uncaughtException', resolve))
    const client = await join({
      onDropped: each => {
        dropped.push(each)
        throw new Error('of the game')
      }
    })
    await client.request('player.login', { uid: 'red' })
    for (let n = 0; n < 256; n++) gateway.send('red', 'tick', n)
    await until('it was told', () => dropped.length === 1)
    t.same(dropped, [{ event: 'tick', count: 256 }])
    t.match(await uncaught, { message: 'of the game' })
    const other = await join()
    await other.request('player.login', { uid: 'blue' })
    for (let n = 0; n < 256; n++) gateway.send('blue', 'tick', n)
    await until('it was told', () => warnings.length === 1)
    matchRows(t, warnings, [/256 events "tick" .*`on`/])
    const all = await join({ onDropped: each => dropped.push(each) })
    let came = 0
    all.onEvent(event => event === 'tick' && came++)
    await all.request('player.login', { uid: 'green' })
    for (let n = 0; n < 300; n++) gateway.send('green', 'tick', n)
    await until('all came', () => came === 300)
    t.equal(dropped.length, 1, 'a listener of all events has heard them')
    t.equal(client.state, 'open')
  }
)

t.test('what is given up while the client is away is never sent', async t => {
  const { gateway, proxy, client } = await startBehindProxy(t)
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => client.state === 'resuming')
  await t.rejects(client.request('player.add', { n: 1 }, { timeout: 20 }), {
    code: 'REQUEST_TIMED_OUT',
    retryable: true
  })
  const added = client.request('player.add', { n: 2 })
  proxy.isDown = false
  t.equal(await added, 2)
  t.same(await client.request('player.seen'), [2])
  t.match(gateway.metrics(), { sessionsResumed: 1 })
})

t.test('one listener may hear all events, by name, before the listeners of each', async t => {
  const { gateway, join } = await start(t, handlers)
  const client = await join()
  // The gateway has opened the session when it answers.
  await client.request('player.seen')
  const heard: unknown[] = []
  client.on('tick', body => heard.push(['on', body]))
  const end = client.onEvent((event, body) => heard.push([event, body]))
  gateway.broadcast('tick', 1)
  gateway.broadcast('tock')
  await until('both came', () => heard.length === 3)
  end()
  gateway.broadcast('tock')
  gateway.broadcast('tick', 2)
  await until('the last came', () => heard.length > 3)
  t.same(heard, [
    ['tick', 1],
    ['on', 1],
    ['tock', undefined],
    ['on', 2]
  ])
})

t.test('what waits is bounded: beyond it requests and notifies fail at once', async t => {
  const { proxy, client } = await startBehindProxy(t, { outboxLimit: 200 })
  proxy.isDown = true
  proxy.cut('reset')
  await until('it is away', () => client.state === 'resuming')
  const first = client.request('player.add', { n: 1 })
  await t.rejects(client.request('player.add', { n: 2, filler: 'x'.repeat(140) }), {
    code: 'OUTBOX_FULL',
    retryable: true
  })
  t.throws(() => client.notify('player.add', { n: 3, filler: 'x'.repeat(200) }), { code: 'OUTBOX_FULL' })
  proxy.isDown = false
  t.equal(await first, 1)
  t.same(await client.request('player.seen'), [1])
})

t.test('what was answered takes no room, though no heartbeat is due', async t => {
  const { join } = await start(t)
  const client = await join({ heartbeat: 3_600_000, outboxLimit: 200_000 })
  const filler = 'x'.repeat(60_000)
  for (let n = 0; n < 20; n++) t.equal(await client.request('player.take', { n, filler }), n)
  client.close()
})

t.test('a request whose signal aborts while its trace or its body is asked for is not sent', async t => {
  const { join } = await start(t)
  const abort = new AbortController()
  const tracing = () => {
    abort.abort(new Error('enough'))
    return undefined
  }
  const client = await join({ tracing })
  await t.rejects(client.request('player.add', { n: 1 }, { signal: abort.signal }), { message: 'enough' })
  const late = new AbortController()
  const body = {
    get n() {
      late.abort(new Error('enough'))
      return 1
    }
  }
  await t.rejects(client.request('player.add', body, { signal: late.signal }), { message: 'enough' })
  t.same(await client.request('player.seen'), [])
})

t.test('a gateway that says nothing is asked, and given up when it does not answer', async t => {
  const { proxy, client } = await startBehindProxy(t, { heartbeat: 30, heartbeatTimeout: 200 })
  const changes: string[] = []
  client.onState(({ state, code }) => changes.push(`${state} ${code ?? ''}`.trim()))
  proxy.cut('silent')
  await until('it is back', () => changes.includes('open'))
  t.same(changes, ['resuming 4001', 'open'])
})

t.test('a client that has nothing to say keeps its connection', async t => {
  const { gateway, join } = await start(t, handlers, { heartbeat: 60 })
  const client = await join({ heartbeat: 20 })
  // One that does not even answer is closed for it, though it came later.
  const mute = new WebSocket(gateway.url, 'sallyport.json', { autoPong: false })
  t.teardown(() => mute.terminate())
  await once(mute, 'close')
  t.equal(client.state, 'open')
  t.match(gateway.metrics(), { connectionsOpened: 2, connectionsClosedSilent: 1 })
})

t.test('the gateway is told what has come, so that it keeps little', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  let came = 0
  client.on('tick', () => came++)
  for (let n = 0; n < 1_000; n++) gateway.send('red', 'tick', 'x'.repeat(100))
  await until('all came', () => came === 1_000)
  await until('the gateway knows', () => gateway.metrics().backlogBytes < 128 * 150)
  t.ok(gateway.metrics().backlogBytes < 128 * 150)
})

t.test(
  'connect rejects where nobody listens, where it is refused, and for options that are none',
  async t => {
    const { gateway } = await start(t, handlers, {
      onHandshake: ({ user }) => ({ accept: user === 'sesame', user: 'no' })
    })
    const refused = connect(gateway.url, { user: 'barley' })
    await t.rejects(refused, { code: 'HANDSHAKE_REFUSED', data: 'no', retryable: false })
    const client = await connect(gateway.url, { user: async () => 'sesame' })
    t.equal(client.user, 'no')
    client.close()
    const nobody = connect('ws://127.0.0.1:1', { connectTimeout: 100, backOff: { least: 1, most: 5 } })
    await t.rejects(nobody, { code: 'CONNECT_FAILED', message: /127\.0\.0\.1:1 .*100 ms/, retryable: true })
    for (const options of [
      { heartbeat: 0 },
      { outboxLimit: '1' },
      { retries: 3 },
      { backOff: { least: 0 } }
    ]) {
      await t.rejects(
        connect(gateway.url, options as never),
        { code: 'OPTION_INVALID' },
        JSON.stringify(options)
      )
    }
  }
)

t.test('a closed client rejects what waits and what comes, and says why', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  const held = holding(client)
  const waiting = client.request('player.hold', { key: 'z' })
  await held
  client.close()
  client.close()
  await t.rejects(waiting, { code: 'CONNECTION_CLOSED' })
  await t.rejects(client.request('player.seen'), { code: 'CONNECTION_CLOSED' })
  t.throws(() => client.notify('player.seen'), { code: 'CONNECTION_CLOSED' })
  t.match(client, { state: 'closed', error: { code: 'CONNECTION_CLOSED' } })
  await until('its session has ended', () => gateway.metrics().sessions === 0)
})

t.test('a kick closes the client for good, with its reason', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  gateway.sessions.kick('red', 'Bye.')
  await until('it is closed', () => client.state === 'closed')
  t.match(client.error, { code: 'CONNECTION_CLOSED', data: { code: 4500, reason: 'Bye.' } })
})

t.test('when the gateway is started anew the client comes back to a new session, and is told', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  const opened = new Promise<unknown>(resolve =>
    client.onState(change => {
      if (change.state === 'open') resolve(change)
    })
  )
  const { port } = gateway.address
  await gateway.close()
  await until('it has seen it', () => client.state === 'resuming')
  await startGateway(t, handlers, { workers: 1, port })
  t.match(await opened, { state: 'open', resumed: false })
  t.same(await client.request('player.seen'), [])
})

t.test('an attempt that ends in an error, and in no close, is one that has failed', async t => {
  const { gateway } = await start(t)
  let made = 0
  class Mute extends WebSocket {
    constructor(url: string) {
      super(++made === 1 ? 'ws://127.0.0.1:1' : url)
      if (made > 1) return
      // It never reports its end.
      const emit = this.emit.bind(this)
      this.emit = (event: string | symbol, ...rest: unknown[]) => event !== 'close' && emit(event, ...rest)
    }
  }
  const client = await connect(gateway.url, {
    backOff: { least: 1, most: 20 },
    connectTimeout: 8_000,
    WebSocket: Mute as unknown as NonNullable<ClientOptions['WebSocket']>
  })
  t.teardown(() => client.close())
  t.equal(made, 2)
  t.same(await client.request('player.seen'), [])
})

t.test('a gateway that says when to come back is taken at its word', async t => {
  const patient = { backOff: { least: 100_000, most: 100_000 }, random: () => 0.99 }
  for (const code of [1012, 1013]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    t.teardown(() => server.close())
    let visits = 0
    server.on('connection', ws => {
      if (++visits === 1) ws.close(code, 'come back in 20 ms')
      else ws.close(4500, 'welcome back')
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await t.rejects(connect(`ws://127.0.0.1:${port}`, patient), { message: /welcome back/ }, `after ${code}`)
    t.equal(visits, 2)
  }
})

t.test('listeners are called by name until they are taken out; one that throws stops no other', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  await client.request('player.login', { uid: 'red' })
  const heard: string[] = []
  const uncaught = new Promise(resolve => process.once('uncaughtException', resolve))
  const listener = (body: unknown) => heard.push(`a${body}`)
  const end = client.on('tick', listener)
  client.on('tick', listener)
  client.on('tick', () => {
    throw new Error('a listener of the game')
  })
  client.on('tick', body => heard.push(`b${body}`))
  gateway.send('red', 'tick', 1)
  await until('all were called', () => heard.length === 3)
  t.match(await uncaught, { message: 'a listener of the game' })
  process.on('uncaughtException', () => {})
  end()
  end()
  gateway.send('red', 'tick', 2)
  await until('the rest were called', () => heard.length === 5)
  process.removeAllListeners('uncaughtException')
  t.same(heard, ['a1', 'a1', 'b1', 'a2', 'b2'])
  t.throws(() => client.on('tick', 'no function' as never), { code: 'OPTION_INVALID' })
})

t.test('the class that opens sockets can be given, and text from a gateway ends the connection', async t => {
  const { gateway, join } = await start(t)
  let opened = 0
  class Counted extends WebSocket {
    constructor(url: string) {
      super(url)
      opened++
    }
  }
  await join({ WebSocket: Counted as never })
  t.equal(opened, 1)
  class Talking extends Counted {
    constructor(url: string) {
      super(url)
      this.once('open', () => this.emit('message', Buffer.from('hello'), false))
    }
  }
  await t.rejects(connect(gateway.url, { WebSocket: Talking as never }), { code: 'CONNECTION_CLOSED' })
})

t.test('whatever is wrong with what it is asked for, a client fails with a ClientError', async t => {
  const { gateway, join } = await start(t)
  const client = await join()
  const fails = async (code: string, act: () => unknown) => {
    const error = await new Promise(resolve => resolve(act())).catch(each => each)
    t.ok(error instanceof ClientError, `${act}: ${error}`)
    t.match(error, { code, retryable: false }, String(act))
  }
  const request = client.request.bind(client) as (...args: unknown[]) => Promise<unknown>
  const notify = client.notify.bind(client) as (...args: unknown[]) => void
  const connecting = connect as (...args: unknown[]) => Promise<unknown>
  for (const route of ['x'.repeat(256), 'é'.repeat(128), 'a\ud800', Symbol('s'), 5, undefined, null, {}]) {
    await fails('ROUTE_INVALID', () => request(route))
    await fails('ROUTE_INVALID', () => notify(route))
  }
  await fails('ROUTE_UNKNOWN', () => request('x'.repeat(255)))
  const body = {
    a: {
      get b() {
        throw new Error('no')
      }
    }
  }
  for (const act of [() => request('player.seen', body), () => notify('player.seen', body)]) {
    await fails('BODY_NOT_SERIALIZABLE', act)
    await t.rejects(new Promise(resolve => resolve(act())), { message: /a\.b/ })
  }
  for (const options of [null, 5, { timeout: -1 }, { timeout: null }, { timeout: '1' }, { signal: 'now' }])
    await fails('OPTION_INVALID', () => request('player.seen', undefined, options))
  for (const options of [
    null,
    { heartbeat: 0, retries: 3 },
    { heartbeat: 0 },
    { backOff: 5 },
    { random: 5 },
    { monotonic: 'now' },
    { WebSocket: 'ws' }
  ])
    await fails('OPTION_INVALID', () => connecting(gateway.url, options))
  for (const url of ['nowhere', Symbol('s'), undefined, 5])
    await fails('CONNECT_FAILED', () => connecting(url))
  await fails('OPTION_INVALID', () => client.reconnect(-1))
  await fails('OPTION_INVALID', () => client.on('said', 5 as never))
  await fails('OPTION_INVALID', () => client.onEvent('said' as never))
  await fails('OPTION_INVALID', () => client.onState(undefined as never))
  const timout = request('player.seen', undefined, { timout: 1 })
  await t.rejects(timout, {
    message: 'There is no option `timout`; the options are timeout, signal, traceparent'
  })
  const max = connecting(gateway.url, { backOff: { max: 1 } })
  await t.rejects(max, { message: 'There is no option `backOff.max`; the options are least, most' })
  t.equal(await request('player.take', { n: 0 }), 0, 'and goes on')
})
