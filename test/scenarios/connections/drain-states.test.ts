/** A drain with connections in each state of their lives, and with one that fails. */
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { AuthenticationAnswer, GatewayOptions } from '../../../gateway/index.js'
import { type RunningGateway, startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/** Starts a game that reports onConnect and onStop. Its `a.slow` runs until `letGo` is called. */
async function startGame(t: Test, options: Partial<GatewayOptions> = {}) {
  const folder = t.testdir({ handlers: {} })
  const handlers = join(folder, 'handlers')
  const [go, stopped] = [join(folder, 'go'), join(folder, 'stopped')]
  writeFileSync(
    join(handlers, '_hooks.js'),
    `import { writeFileSync } from 'node:fs'
    export const onConnect = (_session, _info, context) => context.log.info('onConnect')
    export const onStop = () => writeFileSync(${JSON.stringify(stopped)}, '')`
  )
  writeFileSync(
    join(handlers, 'a.js'),
    `import { existsSync } from 'node:fs'
    export const quick = () => 1
    export const slow = async (_body, _session, context) => {
      context.log.info('slow')
      while (!existsSync(${JSON.stringify(go)})) await new Promise(resolve => setTimeout(resolve, 1))
    }`
  )
  const running = await startGateway(t, handlers, { workers: 1, drainSpread: 100, ...options })
  const told = (text: string) => running.lines.filter(({ message }) => message === text).length
  return { ...running, told, letGo: () => writeFileSync(go, ''), hasStopped: () => existsSync(stopped) }
}

for (const isolation of ['thread', 'process'] as const) {
  t.test(`${isolation}: a request that outlasts the close is aborted with the reason shutdown`, async t => {
    const handlers = t.testdir({
      'a.js': `
        export const wait = (_body, _session, { signal, log }) => {
          log.info('waits')
          return new Promise(() => signal.addEventListener('abort', () => log.info('aborted', { reason: signal.reason })))
        }`
    })
    const { connect, gateway, lines } = await startGateway(t, handlers, { isolation, closeTimeout: 1_000 })
    const player = await connect()
    player.notify('a.wait', {})
    await until('the handler waits', () => lines.some(({ message }) => message === 'waits'))
    await gateway.close()
    const aborted = lines.filter(({ message }) => message === 'aborted')
    matchRows(t, aborted, [{ fields: { reason: 'shutdown' } }])
  })
}

/** Opens a TCP connection and collects what it receives. */
async function openSocket(t: Test, { gateway }: Pick<RunningGateway, 'gateway'>) {
  const socket = connectSocket(gateway.address.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const read = { text: '', isOver: false }
  socket.on('data', data => (read.text += data))
  socket.on('error', () => {})
  socket.on('close', () => (read.isOver = true))
  await once(socket, 'connect')
  return { socket, read }
}

const upgrade = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n'
].join('\r\n')

/** Creates an `authenticate` whose answers for `/slow` come when the test gives them. */
function createAsking() {
  const asked: ((answer: AuthenticationAnswer) => void)[] = []
  const authenticate = ({ url }: { url: string }) =>
    url === '/slow'
      ? new Promise<AuthenticationAnswer>(resolve => asked.push(resolve))
      : { accept: true as const }
  return { asked, authenticate }
}

const restart = { code: 1012, reason: /^restart, come back in \d+ ms$/ }

t.test('a drain ends connections in every state, and runs no onConnect any more', async t => {
  const { asked, authenticate } = createAsking()
  const game = await startGame(t, { authenticate })
  const { gateway, connect, told } = game
  const [holder, ...players] = await Promise.all(Array.from({ length: 5 }, connect))
  const joined = await PomeloPlayer.join(gateway.url)
  // This client is upgraded and has sent nothing, so its protocol is not known yet.
  const mute = await PomeloPlayer.open(gateway.url)
  const unacknowledged = await PomeloPlayer.open(gateway.url)
  t.equal((await unacknowledged.shakeHands()).code, 200)
  const slowText = new Player(new WebSocket(`${gateway.url}/slow`, 'sallyport.json'))
  const slowPomelo = await PomeloPlayer.open(`${gateway.url}/slow`)
  slowPomelo.shakeHands().catch(() => {})
  const silent = await openSocket(t, game)
  const half = await openSocket(t, game)
  const late = await openSocket(t, game)
  const idle = await openSocket(t, game)
  idle.socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await until('it is answered', () => idle.read.text.startsWith('HTTP/1.1 '))
  t.equal(idle.read.isOver, false)
  half.socket.write(upgrade.slice(0, 40))
  await until('both are asked about', () => asked.length === 2)
  await until('who has a session was connected', () => told('onConnect') === 7)
  const held = holder!.request('a.slow')
  await until('a request runs', () => told('slow') === 1)

  const drained = gateway.drain()
  for (const { closed } of [mute, slowText, slowPomelo]) t.match(await closed, restart)
  for (const answer of asked) answer({ accept: true })
  half.socket.write(upgrade.slice(40))
  late.socket.write(upgrade)
  await until('both are answered', () => half.read.isOver && late.read.isOver)
  t.equal(gateway.metrics().connectionsAtDrain, 2)
  // Sooner than the 5 s after which an idle connection is closed anyway.
  await until('who waits for a next request is cut off', () => idle.read.isOver, 4_000)
  for (const { read } of [half, late])
    t.match(read.text, /^HTTP\/1\.1 503 .*\r\n(.*\r\n)*Retry-After: \d+\r\n/)
  t.equal(silent.read.isOver, false, 'who may still ask is not cut off while the drain waits')
  await t.rejects(players[0]!.request('a.quick'), { code: 'CLOSING' }, 'players are still answered')
  game.letGo()
  t.equal(await held, null, 'and what ran is waited for')
  for (const { closed } of [holder!, ...players, joined, unacknowledged]) t.match(await closed, restart)
  await drained
  await until('who has never asked is cut off in the end', () => silent.read.isOver)
  t.equal(told('onConnect'), 7)
  t.equal(game.hasStopped(), true)
  t.match(gateway.metrics(), { connections: 0, sessions: 0, sessionsOpened: 7 })
})

t.test('a connection that fails while it is sent away is cut, and the others are sent away', async t => {
  const game = await startGame(t)
  const { gateway, connect, lines } = game
  const players = await Promise.all(Array.from({ length: 4 }, connect))
  await until('all are in', () => game.told('onConnect') === 4)
  const { close } = WebSocket.prototype
  t.teardown(() => {
    WebSocket.prototype.close = close
  })
  WebSocket.prototype.close = () => {
    WebSocket.prototype.close = close
    throw new Error('broken')
  }
  await gateway.drain()
  const codes = await Promise.all(players.map(({ closed }) => closed.then(({ code }) => code)))
  t.same(codes.sort(), [1006, 1012, 1012, 1012])
  matchRows(
    t,
    lines.filter(({ level }) => level === 'error'),
    [{ message: 'A connection failed, and is cut', fields: { ip: '127.0.0.1', error: /broken/ } }]
  )
  t.equal(game.hasStopped(), true)
  t.match(gateway.metrics(), { connections: 0, sessions: 0 })
})
