/** Responses to HTTP requests that open no WebSocket. */
import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectSocket } from 'node:net'
import t, { type Test } from 'tap'
import { startGateway } from '../../helpers/gateway.js'
import { Player } from '../../helpers/player.js'
import { frame, opcodes } from '../../helpers/raw-client.js'
import { until } from '../../helpers/until.js'

type Answering = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

async function start(t: Test, onHttpRequest?: Answering) {
  const running = await startGateway(
    t,
    'wire',
    onHttpRequest === undefined ? { startPage: 'off' } : { onHttpRequest }
  )
  const url = running.gateway.url.replace('ws:', 'http:')
  return { ...running, url }
}

t.test('without onHttpRequest and start page it says that it wants a WebSocket, and closes', async t => {
  const { url } = await start(t)
  const response = await fetch(`${url}/any?thing=1`)
  t.same([response.status, response.headers.get('upgrade')], [426, 'websocket'])
  t.equal(response.headers.get('connection'), 'close')
  t.match(await response.text(), /connect by WebSocket/)
})

t.test('onHttpRequest answers, while WebSockets open at the same address', async t => {
  const { url, gateway } = await start(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`${request.method} ${request.url}`)
  })
  t.equal(await (await fetch(`${url}/page?x=1`)).text(), 'GET /page?x=1')
  t.equal(await (await fetch(url, { method: 'POST', body: 'x' })).text(), 'POST /')
  const player = await Player.connect(`${gateway.url}/page`)
  t.teardown(() => player.leave())
  t.equal(await player.request('echo.plain', 'hello'), 'hello')
})

for (const [how, fail] of [
  [
    'throws',
    () => {
      throw new Error('no database')
    }
  ],
  ['rejects', () => Promise.reject(new Error('no database'))]
] as const) {
  t.test(`an onHttpRequest that ${how} answers 500 and is logged, and the gateway goes on`, async t => {
    const { url, lines, connect } = await start(t, (_request, response) => {
      response.setHeader('content-length', 3).setHeader('set-cookie', 'secret')
      return fail()
    })
    const response = await fetch(`${url}/page?token=secret`)
    t.same([response.status, await response.text()], [500, 'The request failed.\n'])
    t.equal(response.headers.get('set-cookie'), null, 'nothing of what it had begun to say')
    const told = lines.filter(({ message }) => message === 'onHttpRequest failed')
    t.equal(told.length, 1)
    t.match(told[0], { level: 'error', fields: { method: 'GET', path: '/page' } })
    t.match(String(told[0]!.fields.error), /no database/)
    t.notMatch(JSON.stringify(lines), /secret/)
    t.equal(await (await connect()).request('echo.plain', 'hello'), 'hello')
  })
}

t.test(
  'an onHttpRequest whose reason phrase cannot be sent answers 500, and the gateway goes on',
  async t => {
    const answers: Answering[] = [
      (_request, response) => void response.writeHead(404).end(),
      (_request, response) => void response.end('x')
    ]
    const cases = ['no\nname', 'нет'].flatMap(phrase => answers.map(answer => [phrase, answer] as const))
    for (const [phrase, answer] of cases) {
      const { url, lines, connect } = await start(t, (request, response) => {
        response.statusMessage = phrase
        return answer(request, response)
      })
      const response = await fetch(url)
      t.same([response.status, response.statusText], [500, 'Internal Server Error'])
      t.equal(await response.text(), 'The request failed.\n')
      t.equal(lines.filter(({ message }) => message === 'onHttpRequest failed').length, 1)
      t.equal(await (await connect()).request('echo.plain', 'hello'), 'hello')
    }
  }
)

t.test(
  'one that throws in the middle of its answer cuts it off, and one that throws behind it does not',
  async t => {
    // More than a socket takes at once, so that a part of it is still unsent.
    const size = 20_000_000
    const { url, lines } = await start(t, (request, response) => {
      response.writeHead(200, { 'content-length': size })
      if (request.url === '/whole') response.end('x'.repeat(size))
      else response.write('half')
      throw new Error('broken')
    })
    await t.rejects(fetch(`${url}/half`).then(response => response.text()))
    t.equal((await (await fetch(`${url}/whole`)).text()).length, size)
    t.equal(lines.filter(({ message }) => message === 'onHttpRequest failed').length, 2)
  }
)

t.test(
  'what nobody has answered when the gateway closes is cut off, and connections that wait for a next request too',
  async t => {
    const { gateway, url } = await start(t, (request, response) => {
      if (request.url === '/idle') response.end('x')
    })
    let isCut = false
    get(`${url}/never`).on('error', () => {
      isCut = true
    })
    const { port } = gateway.address
    const idle = connectSocket(port, '127.0.0.1')
    idle.write('GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(idle, 'data')
    const ended = once(idle, 'close')
    await gateway.close()
    await ended
    await until('it is cut off', () => isCut)
  }
)

/** Sends a GET and, right behind it, an upgrade to a WebSocket, and answers the GET only then. */
async function upgradeBehindRequest(t: Test, headers: Record<string, string>) {
  const answers: (() => void)[] = []
  const { gateway, connect } = await start(t, (_request, response) => {
    answers.push(() => response.writeHead(200, { 'content-length': 6, ...headers }).end('a page'))
  })
  const socket = connectSocket(gateway.address.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' +
      `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`
  )
  let got = ''
  socket.on('data', (data: Buffer) => (got += data.toString('latin1')))
  await until('the request is there', () => answers.length === 1)
  const player = await connect()
  await player.request('echo.plain', 'later')
  const before = got
  answers[0]!()
  return { socket, gateway, before, got: () => got }
}

t.test('a WebSocket is opened once earlier requests of its connection are answered', async t => {
  const { socket, before, got } = await upgradeBehindRequest(t, {})
  t.equal(before, '')
  await until('it is opened', () => got().includes('101 Switching Protocols'))
  t.match(got(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\na pageHTTP\/1\.1 101 /)
  socket.write(frame(opcodes.text, '[1,"echo.plain","hello"]'))
  await until('it is answered', () => got().includes('[1,"hello"]'))
})

t.test('it is not opened if the answer to an earlier request is the last one of the connection', async t => {
  const { socket, gateway, got } = await upgradeBehindRequest(t, { connection: 'close' })
  await once(socket, 'close')
  t.match(got(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\na page$/)
  t.equal(gateway.metrics().connectionsOpened, 1, 'that of the other player')
})

t.test('a client that leaves while its upgrade waits has sent nothing malformed', async t => {
  const answers: (() => void)[] = []
  const { gateway, connect } = await start(t, (_request, response) => {
    answers.push(() => response.end('a page'))
  })
  const { port } = gateway.address
  const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  let got = ''
  socket.on('data', (data: Buffer) => (got += data.toString('latin1')))
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`
  socket.end(
    `GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n\r\n`
  )
  await until('the request is there', () => answers.length === 1)
  // What another client asks later is answered after the end of this one was read.
  const player = await connect()
  t.equal(await player.request('echo.plain', 'later'), 'later')
  answers[0]!()
  await once(socket, 'close')
  t.match(got, /a page/)
  t.match(gateway.metrics(), { handshakesMalformed: 0, connectionsOpened: 1 })
})

t.test('what is no HTTP is not answered in the middle of another answer', async t => {
  const { gateway } = await start(t, (request, response) => {
    if (request.url === '/1') response.writeHead(200, { 'content-length': 200 }).write('half')
  })
  const socket = connectSocket(gateway.address.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let got = ''
  socket.on('data', (data: Buffer) => (got += data.toString('latin1')))
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.write('GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('the first answer has begun', () => got.endsWith('half'))
  socket.write('\x01\r\n\r\n')
  await closed
  t.match(got, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nhalf$/)
})
