/** The unmodified browser client of Pomelo, connected to a gateway. */
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import type { GatewayOptions } from '../../../gateway/index.js'
import { routeCode } from '../../../gateway/sessions/routes.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { loadPomeloClient, type PomeloBody } from '../../helpers/pomelo-browser-client.js'

async function join(t: Test, options: Partial<GatewayOptions> = {}) {
  const { gateway } = await startGateway(t, 'wire', { workers: 1, ...options })
  const { client, errors, thrown } = loadPomeloClient()
  t.teardown(() => client.disconnect())
  const { host, port } = gateway.address
  let user: unknown
  const socket = await new Promise<WebSocket>((resolve, reject) => {
    client.once('error', text => reject(new Error(text)))
    const handshakeCallback = (answer: unknown) => (user = answer)
    client.init({ host, port, user: { token: 'abc' }, handshakeCallback }, resolve)
  })
  const request = (route: string, body: PomeloBody = {}) =>
    Promise.race([thrown, new Promise<PomeloBody>(resolve => client.request(route, body, resolve))])
  return { gateway, client, errors, socket, request, user }
}

t.test('it shakes hands, and the game hears of it what it says', async t => {
  const seen: unknown[] = []
  const { user, errors } = await join(t, {
    onHandshake: ({ type, version, user }) => {
      seen.push({ type, version, user })
      return { accept: true, user: { motd: 'Welcome 🎮' } }
    }
  })
  t.same(seen, [{ type: 'js-websocket', version: '0.0.1', user: { token: 'abc' } }])
  t.same(user, { motd: 'Welcome 🎮' })
  t.same(errors, [])
})

t.test('it is told that it is refused, and why in its own words', async t => {
  const refused = join(t, { onHandshake: () => ({ accept: false }) })
  await t.rejects(refused, /handshake fail/)
  const outdated = join(t, { onHandshake: () => ({ accept: false, outdated: true }) })
  await t.rejects(outdated, /client version not fullfill/)
})

t.test('it is told when to come back, where nobody could say who it is', async t => {
  const authenticate = () => Promise.reject(new Error('the service is away'))
  const { gateway } = await startGateway(t, 'wire', { workers: 1, authenticate })
  const { client, errors } = loadPomeloClient()
  const heard: unknown[] = []
  const closed = new Promise(resolve => client.on('close', ({ code }) => resolve(code)))
  client.on('onKick', kick => heard.push(kick))
  client.on('error', error => heard.push(error))
  const { host, port } = gateway.address
  client.init({ host, port }, () => heard.push('it is in'))
  t.equal(await closed, 1013)
  matchRows(t, heard, [{ reason: /^the gateway could not check who you are, come back in \d+ ms$/ }])
  t.same(errors, [])
})

t.test('it requests by the codes that it was given, and gets its replies', async t => {
  const { request, socket, errors } = await join(t)
  const sent: Buffer[] = []
  const send = socket.send.bind(socket)
  socket.send = (bytes: ArrayBuffer) => {
    sent.push(Buffer.from(bytes))
    send(bytes)
  }
  t.same(await request('echo.box', { a: [1, 'é好🎮'] }), { body: { a: [1, 'é好🎮'] } })
  t.same(sent[0]!.subarray(4, 6), [0x01, 1], 'a request, 1, with a code for its route')
  t.equal(sent[0]!.readUInt16BE(6), routeCode('echo.box'))
  t.same(
    await Promise.all(Array.from({ length: 200 }, (_, i) => request('echo.plain', { i }))),
    Array.from({ length: 200 }, (_, i) => ({ i })),
    'ids of one byte and of two'
  )
  t.same(await request('echo.points', { text: '🎮' }), { points: [0x1f3ae] })
  t.same(errors, [])
})

t.test('it gets error replies as the numbers and names that it knows', async t => {
  const { request, errors } = await join(t)
  t.match(await request('echo.nowhere'), { code: 500, error: 'ROUTE_UNKNOWN', message: /"echo\.nowhere"/ })
  t.match(await request('echo.fail'), { code: 500, error: 'INTERNAL' })
  t.match(await request('echo.refuse', { code: '1004', message: 'no 🎮' }), { code: 1004, message: 'no 🎮' })
  t.same(errors, [])
})

t.test('a reply of nothing reaches its callback', async t => {
  const { request, errors } = await join(t)
  t.same(await request('echo.nothing'), {})
  t.same(errors, [])
})

t.test('its notifies run, and are not answered', async t => {
  const { client, request, errors } = await join(t)
  client.notify('echo.note', { text: 'a' })
  client.notify('echo.note', { text: 'b' })
  t.same(await request('echo.notes'), ['a', 'b'])
  t.same(errors, [])
})

t.test('it hears events by their names', async t => {
  const { client, gateway, request, errors } = await join(t)
  const { id } = await request('echo.enter', { uid: 'listener' })
  const heard: [string, PomeloBody][] = []
  const last = new Promise<void>(resolve => {
    client.on('chat.said', body => heard.push(['chat.said', body]))
    client.on('bell', body => {
      heard.push(['bell', body])
      resolve()
    })
  })
  gateway.sessions.sendMessage(id, 'chat.said', { text: 'é好🎮' })
  gateway.sessions.sendMessage(id, 'bell')
  await last
  t.same(heard, [
    ['chat.said', { text: 'é好🎮' }],
    ['bell', {}]
  ])
  t.same(errors, [])
})

t.test('it hears that it is kicked, and why, before its socket closes', async t => {
  const { client, gateway, request, errors } = await join(t)
  const { id } = await request('echo.enter', { uid: 'rude' })
  const heard: unknown[] = []
  const closed = new Promise<void>(resolve => {
    client.on('onKick', kick => heard.push(kick))
    client.on('close', event => {
      heard.push(event.code)
      resolve()
    })
  })
  gateway.sessions.kickBySessionId(id, 'rude words 🎮')
  await closed
  t.same(heard, [{ reason: 'rude words 🎮' }, 4500])
  t.same(errors, [])
})

t.test('its heartbeats keep the connection, and ours keep it from giving up', async t => {
  const { client, socket, gateway, request, errors } = await join(t, { heartbeat: 200 })
  client.on('heartbeat timeout', () => errors.push('it gave the gateway up'))
  let beats = 0
  // The client sends only heartbeats. Without them it would be closed after two intervals. The first is the
  // gateway's.
  await new Promise<void>(resolve => {
    socket.addEventListener('message', ({ data }) => {
      if (new Uint8Array(data as ArrayBuffer)[0] === 3 && ++beats === 4) resolve()
    })
  })
  t.equal(gateway.metrics().connections, 1)
  t.equal(gateway.metrics().connectionsClosedSilent, 0)
  t.same(await request('echo.box'), { body: {} })
  t.same(errors, [])
})
