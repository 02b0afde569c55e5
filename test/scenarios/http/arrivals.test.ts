/** Connections before they are WebSockets: their limits, which of them make room, and their timeout. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectSocket, Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Gateway } from '../../../gateway/index.js'
import { Clock } from '../../helpers/clock.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

interface Opened {
  readonly socket: Socket
  isOver: boolean
  text: string
}

/** Opens a TCP connection that sends nothing, from one of this machine's own addresses. */
async function openSocket(t: Test, port: number, localAddress = '127.0.0.1'): Promise<Opened> {
  const socket = connectSocket({ port, host: '127.0.0.1', localAddress })
  t.teardown(() => socket.destroy())
  const opened: Opened = { socket, isOver: false, text: '' }
  socket.on('data', data => (opened.text += data.toString('latin1')))
  socket.on('error', () => {})
  socket.on('close', () => (opened.isOver = true))
  await once(socket, 'connect')
  return opened
}

const openMany = (t: Test, n: number, port: number, localAddress?: string) =>
  Promise.all(Array.from({ length: n }, () => openSocket(t, port, localAddress)))

const over = (opened: readonly Opened[]) => opened.filter(({ isOver }) => isOver).length

/**
 * Resolves with a player, or with the status of the response; 0: the connection closed without a response.
 */
async function tryToJoin(
  t: Test,
  gateway: Pick<Gateway, 'url'>,
  localAddress = '127.0.0.1'
): Promise<Player | number> {
  const ws = new WebSocket(gateway.url, 'sallyport.json', { localAddress })
  t.teardown(() => ws.terminate())
  const player = new Player(ws)
  return new Promise(resolve => {
    ws.on('open', () => resolve(player))
    ws.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
    ws.on('error', () => resolve(0))
  })
}

async function play(t: Test, gateway: Pick<Gateway, 'url'>, localAddress?: string): Promise<Player> {
  const player = await tryToJoin(t, gateway, localAddress)
  if (!(player instanceof Player)) throw new Error(`Not let in: ${player}`)
  t.equal(await player.request('echo.plain', 'hello'), 'hello')
  return player
}

const page = (_request: IncomingMessage, response: ServerResponse) => void response.end('a page')

t.test('half-open connections of one address count, and keep no other address out', async t => {
  const { gateway, lines } = await startGateway(t, 'wire', { maxConnectionsPerAddress: 5 })
  const { port } = gateway.address
  const crowd = await openMany(t, 60, port)
  await until('all but a few are closed', () => over(crowd) >= 39)
  t.ok(gateway.metrics().sockets <= 5 + 16)
  t.ok(gateway.metrics().socketsRefused >= 39)
  await play(t, gateway, '127.0.0.2')
  await until('those that were kept for an answer are closed too', () => over(crowd) >= 55)
  t.equal(over(crowd), 55)
  t.equal(await tryToJoin(t, gateway), 429, 'a few of those beyond the limit are told why')
  t.match(gateway.metrics(), { sockets: 6, connections: 1, connectionsLimited: 1 })
  matchRows(
    t,
    lines.filter(({ level }) => level === 'warn'),
    [
      {
        message: 'An address has reached its limit of connections',
        fields: { ip: '127.0.0.1', by: 'maxConnectionsPerAddress' }
      }
    ],
    'once, however many come'
  )
  for (const { socket } of crowd) socket.destroy()
  await until('there is room', () => gateway.metrics().sockets === 1)
  await play(t, gateway)
})

t.test(
  'where there are as many as there may be, who waits makes room, and of the busiest address',
  async t => {
    const { gateway, lines } = await startGateway(t, 'wire', { maxConnections: 12 })
    const { port } = gateway.address
    const patient = await openSocket(t, port, '127.0.0.3')
    const crowd = await openMany(t, 30, port)
    await until('the oldest are closed', () => over(crowd) === 19)
    t.equal(gateway.isReady, true, 'whoever comes is let in')
    const players = [await play(t, gateway, '127.0.0.2'), await play(t, gateway, '127.0.0.4')]
    t.equal(patient.isOver, false, 'one of an address that has no other is left')
    t.match(gateway.metrics(), { sockets: 12, connections: 2, socketsDisplaced: 21, socketsRefused: 0 })
    matchRows(
      t,
      lines.filter(({ level }) => level === 'warn'),
      [
        {
          message: 'The limit of connections is reached',
          fields: { connections: 12, by: 'maxConnections' }
        }
      ]
    )
    t.equal(await players[0]!.request('echo.plain', 1), 1)
    await Promise.all(Array.from({ length: 10 }, () => play(t, gateway)))
    t.equal(gateway.isReady, false, 'now it is full')
    matchRows(t, gateway.diagnose(), [{ code: 'connectionsFull' }])
  }
)

t.test('a page that was answered makes room for the WebSocket of its address', async t => {
  const { gateway } = await startGateway(t, 'wire', { maxConnectionsPerAddress: 1, onHttpRequest: page })
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const [response] = await once(get(gateway.url.replace('ws:', 'http:'), { agent }), 'response')
  t.equal(response.statusCode, 200)
  await once(response.resume(), 'end')
  await until('the answer is over', () => Object.keys(agent.freeSockets).length === 1)
  await play(t, gateway)
  t.equal(await tryToJoin(t, gateway), 429, 'a WebSocket makes room for nobody')
  t.match(gateway.metrics(), { socketsDisplaced: 1, connections: 1 })
})

t.test('connections of one address may come at a rate, with and without a proxy', async t => {
  let now = 0
  const options = { maxConnectionsPerSecondPerAddress: 2, monotonic: () => now }
  const { gateway } = await startGateway(t, 'wire', options)
  const statuses = async (n: number, address?: string) => {
    const all: number[] = []
    for (let i = 0; i < n; i++) {
      const joined = await tryToJoin(t, gateway, address)
      all.push(joined instanceof Player ? 101 : joined)
    }
    return all
  }
  t.same(await statuses(6), [101, 101, 101, 101, 0, 0])
  t.same(await statuses(1, '127.0.0.2'), [101])
  now += 1_000
  t.same(await statuses(3), [101, 101, 0])
  t.match(gateway.metrics(), { socketsRefused: 3, connections: 7 })

  const proxied = await startGateway(t, 'wire', { ...options, trustedProxies: 1 })
  const from = async (address: string) => {
    const headers = { 'x-forwarded-for': address }
    const ws = new WebSocket(proxied.gateway.url, 'sallyport.json', { headers })
    t.teardown(() => ws.terminate())
    return new Promise(resolve => {
      ws.on('open', () => resolve(101))
      ws.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
      ws.on('error', () => resolve(0))
    })
  }
  for (const status of [101, 101, 101, 101, 429]) t.equal(await from('203.0.113.7'), status)
  t.equal(await from('203.0.113.8'), 101)
})

t.test('TLS, HTTP and the handshake have one time for all of them', async t => {
  const clock = new Clock()
  // Node itself limits the time for a request's head, by the real clock; that must not end first.
  const options = { handshakeTimeout: 2_000, heartbeat: 0, monotonic: clock.monotonic }
  const { gateway } = await startGateway(t, 'wire', options)
  const slow = await openSocket(t, gateway.address.port)
  await until('it was accepted', () => gateway.metrics().sockets === 1)
  clock.pass(400)
  slow.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n')
  slow.socket.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
  await until('it is upgraded', () => slow.text.includes('101'))
  await clock.looked()
  for (let i = 0; i < 3; i++) await clock.jump(400)
  t.notOk(slow.text.includes('in time'))
  await clock.jump(400)
  await until('it is told', () => slow.text.includes('\x0f\xa2handshake not finished in time'))
  await clock.jump(300)
  // The client has not answered the close frame. The package ws alone would wait 5 s for that.
  await until('it is cut', () => slow.isOver, 4_000)
  t.match(gateway.metrics(), { sockets: 0, connections: 0 })
})

t.test('who does not go on is closed, however far it has come', async t => {
  const { gateway } = await startGateway(t, 'wire', { handshakeTimeout: 100, onHttpRequest: page })
  const { port } = gateway.address
  const [silent, half, answered] = await openMany(t, 3, port)
  half!.socket.write('GET / HTTP/1.1\r\nHost: ')
  answered!.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('all are closed', () => over([silent!, half!, answered!]) === 3)
  t.match(answered!.text, /a page$|a page\r\n/)
  t.equal(gateway.metrics().sockets, 0)
})

t.test('errors of accept are told once, and the gateway goes on', async t => {
  const { listen } = Server.prototype
  let server: Server | undefined
  t.teardown(() => {
    Server.prototype.listen = listen
  })
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    server = this
    return Reflect.apply(listen, this, args)
  }
  const { gateway, lines } = await startGateway(t, 'wire')
  const waiting = await openSocket(t, gateway.address.port)
  await until('it was accepted', () => gateway.metrics().sockets === 1)
  for (let i = 0; i < 3; i++)
    server!.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  await until('who waited has made room', () => waiting.isOver)
  await play(t, gateway)
  t.match(gateway.metrics(), { acceptErrors: 3, socketsDisplaced: 1 })
  matchRows(
    t,
    lines.filter(({ level }) => level === 'warn'),
    [{ fields: { by: 'accept EMFILE' } }]
  )
})

t.test('400 connections that say nothing, and files for 200: players come in, and it is told', async t => {
  const main = join(root, 'dist/gateway/program/main.js')
  const args = ['--handlers', join(root, 'dist/test/handlers/wire'), '--port', '0', '--workers', '1']
  const child = spawn('sh', ['-c', `ulimit -n 200; exec "$0" "$@"`, process.execPath, main, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production', SALLYPORT_INTERNAL_PORT: '0' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.on('data', data => (said.out += data))
  child.stderr.on('data', data => (said.err += data))
  await until('it listens', () => /ws:\/\/127\.0\.0\.1:\d+/.test(said.out) || child.exitCode !== null, 30_000)
  t.match(
    said.err,
    /"connections":\d+,"maxConnections":50000,.*The limit of connections is lower than its option/
  )
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(said.out)?.[1])
  const crowd = await openMany(t, 400, port)
  await until('most are closed', () => over(crowd) >= 220)
  const gateway = { url: `ws://127.0.0.1:${port}` }
  for (const address of ['127.0.0.2', '127.0.0.1', '127.0.0.3']) await play(t, gateway, address)
  await until('it is told', () => said.err.includes('The limit of connections is reached'))
  t.match(said.err, /ulimit -n/)
  t.equal(said.err.match(/The limit of connections is reached/g)?.length, 1)

  const [internal] = /http:\/\/127\.0\.0\.1:\d+/.exec(said.out.slice(said.out.indexOf('internal')))!
  const limit = /^sallyport_sockets_limit (\d+)$/m.exec(
    await (await fetch(`${internal}/metrics`)).text()
  )?.[1]
  for (let players = 3; players < Number(limit); players++) await play(t, gateway, '127.0.0.2')
  const ready = await fetch(`${internal}/readyz`)
  t.equal(ready.status, 503, 'when all are players it is full')
  t.match(await ready.text(), /connectionsFull.*ulimit -n/s)
  t.equal(child.exitCode, null)
})

t.test('with TLS the limits and the time begin at accept too', async t => {
  const { createCertificate } = await import('../../helpers/certificate.js')
  const { cert, key } = createCertificate()
  const folder = t.testdir({ 'cert.pem': cert, 'key.pem': key })
  const tls = { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') }
  const { gateway } = await startGateway(t, 'wire', {
    ...tls,
    maxConnectionsPerAddress: 3,
    handshakeTimeout: 500
  })
  const { port } = gateway.address
  const crowd = await openMany(t, 40, port)
  await until('all but a few are closed', () => over(crowd) >= 21)
  await until('the time of the others is over', () => over(crowd) === 40)
  const secured = connectTls({ host: '127.0.0.1', port, ca: cert })
  t.teardown(() => secured.destroy())
  await once(secured, 'secureConnect')
  await once(secured.resume(), 'close')
  const ws = new WebSocket(gateway.url, 'sallyport.json', { ca: cert })
  const player = new Player(ws)
  await once(ws, 'open')
  t.equal(await player.request('echo.plain', 1), 1)
  t.match(gateway.metrics(), { sockets: 1, connections: 1 })
  player.leave()
  await until('nothing is left', () => gateway.metrics().sockets === 0)
})
