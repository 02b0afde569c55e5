import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import {
  answerText,
  type InternalRoute,
  InternalServer,
  type InternalServerInit
} from '../../../gateway/internal/internal-server.js'
import { createLogger } from '../../../shared/text/log.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

interface Running {
  readonly server: InternalServer
  readonly url: string
  readonly lines: readonly unknown[]
}

/** Starts an internal server on a free port. It ends with the test. */
async function start(
  t: Test,
  routes: readonly InternalRoute[] = [],
  init: Partial<InternalServerInit> = {}
): Promise<Running> {
  const lines: unknown[] = []
  const log = createLogger('debug', (level, message, fields) => lines.push({ level, message, fields }))
  const server = new InternalServer({
    internalPort: 0,
    internalHost: '127.0.0.1',
    port: 3010,
    isProduction: false,
    log,
    monotonic: () => performance.now(),
    ...init
  })
  server.add(routes)
  t.teardown(() => server.close())
  await server.listen()
  return { server, url: server.url ?? '', lines }
}

const hello: InternalRoute = {
  method: 'GET',
  path: '/hello',
  handle: (_request, response, url) => answerText(response, 200, `hello ${url.searchParams.get('who')}`)
}

/** Sends bytes, and returns the answer up to the end of the connection. */
async function exchange(url: string, text: string): Promise<string> {
  const socket = openSocket(url)
  socket.write(text)
  let answer = ''
  socket.on('data', data => {
    answer += data
  })
  await once(socket, 'close')
  return answer
}

function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  return socket
}

/** Takes a free port. */
async function occupy(t: Test): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as { port: number }).port
}

/** Takes a port whose next one is free. */
async function occupyBeforeFree(t: Test): Promise<number> {
  for (;;) {
    const taken = await occupy(t)
    const next = createServer().listen(taken + 1, '127.0.0.1')
    try {
      await once(next, 'listening')
    } catch {
      continue
    }
    next.close()
    await once(next, 'close')
    return taken
  }
}

t.test('a request goes to the route of its path, a HEAD request to that for GET', async t => {
  const prefixed: InternalRoute = {
    method: 'GET',
    prefix: '/files/',
    handle: (_request, response, { pathname }) => answerText(response, 200, pathname)
  }
  const { url } = await start(t, [hello, prefixed])
  const answer = await fetch(`${url}/hello?who=there`)
  t.equal(await answer.text(), 'hello there\n')
  t.match(Object.fromEntries(answer.headers), {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'text/plain; charset=utf-8'
  })
  t.equal(await (await fetch(`${url}/files/a/b`)).text(), '/files/a/b\n')
  const head = await fetch(`${url}/hello`, { method: 'HEAD' })
  t.same([head.status, await head.text()], [200, ''])
})

t.test('an unknown address is answered with what there is, a wrong method with the right ones', async t => {
  const { url } = await start(t, [hello, { ...hello, path: '/other' }])
  const missing = await fetch(`${url}/helo`)
  t.same([missing.status, await missing.text()], [404, 'There is nothing here. There is /hello, /other\n'])
  const wrong = await fetch(`${url}/hello`, { method: 'POST' })
  t.same([wrong.status, wrong.headers.get('allow')], [405, 'GET'])
})

t.test('a route that throws is answered with 500, and the log has its line without the query', async t => {
  const failing: InternalRoute = { ...hello, handle: () => Promise.reject(new Error('broken')) }
  const { url, lines } = await start(t, [failing])
  const answer = await fetch(`${url}/hello?token=secret`)
  t.same([answer.status, await answer.text()], [500, 'The request failed.\n'])
  matchRows(t, lines, [
    { level: 'error', fields: { method: 'GET', path: '/hello', error: { message: 'broken' } } }
  ])
  t.notMatch(JSON.stringify(lines), /secret/)
})

t.test('a page of another host does not reach it, whatever name leads to it', async t => {
  const { url } = await start(t, [hello])
  for (const [host, status] of [
    ['game.example', 421],
    ['127.0.0.1:3011', 200],
    ['localhost', 200],
    ['[::1]:3011', 200]
  ] as const) {
    const answer = await exchange(url, `GET /hello HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), host)
  }
})

t.test('hostile requests are answered or cut, and the next one is served', async t => {
  const { url } = await start(t, [hello])
  const end = 'Host: 127.0.0.1\r\nConnection: close\r\n\r\n'
  const rows: [string, RegExp][] = [
    ['no HTTP at all\r\n\r\n', /^HTTP\/1.1 400 /],
    [`GET // HTTP/1.1\r\n${end}`, /^HTTP\/1.1 400 /],
    [`GET http:// HTTP/1.1\r\n${end}`, /^HTTP\/1.1 400 /],
    [`GET /%ff%00 HTTP/1.1\r\n${end}`, /^HTTP\/1.1 404 /],
    [`GET /hello HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n${end}`, /^HTTP\/1.1 431 /],
    [`GET /hello HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${end}`, /^HTTP\/1.1 200 /],
    [`CONNECT /hello HTTP/1.1\r\n${end}`, /^$/],
    [`__proto__ /hello HTTP/1.1\r\n${end}`, /^HTTP\/1.1 400 /]
  ]
  for (const [text, expected] of rows) t.match(await exchange(url, text), expected, text.slice(0, 30))
  t.equal((await fetch(`${url}/hello`)).status, 200)
})

/** Shorter than those of a gateway, but for the one that a test is about. */
const patient = { headers: 60_000, request: 60_000, keepAlive: 60_000, silence: 60_000, check: 10 }

t.test('a request whose headers or whose body never end is cut, the latter with 408', async t => {
  const rows = [
    {
      timeouts: { ...patient, headers: 30 },
      text: 'GET /hello HTTP/1.1\r\nHost: 127',
      answer: /^(HTTP\/1.1 408 |$)/
    },
    {
      timeouts: { ...patient, headers: 30, request: 30 },
      text: 'POST /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n1',
      answer: /^HTTP\/1.1 408 /
    }
  ]
  const waiting: InternalRoute = { ...hello, method: 'POST', handle: () => {} }
  for (const { timeouts, text, answer } of rows) {
    const { url } = await start(t, [hello, waiting], { timeouts })
    t.match(await exchange(url, text), answer)
  }
})

t.test('a connection is cut if it asks nothing more, or reads nothing of its response', async t => {
  const idle = await start(t, [hello], { timeouts: { ...patient, keepAlive: 30 } })
  const request = 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
  t.match(await exchange(idle.url, request), /^HTTP\/1.1 200 /)
  let cut: Promise<unknown> | undefined
  const endless: InternalRoute = {
    ...hello,
    handle: (_request, response) => {
      cut = once(response, 'close')
      response.write(Buffer.alloc(64 * 2 ** 20))
    }
  }
  const { url } = await start(t, [endless], { timeouts: { ...patient, silence: 50 } })
  const reader = openSocket(url)
  t.teardown(() => reader.destroy())
  reader.pause()
  reader.write(request)
  await until('the request is there', () => cut !== undefined)
  await cut
})

t.test('connections that send nothing make room for those that ask', async t => {
  const { url } = await start(t, [hello])
  const idle = Array.from({ length: 140 }, () => openSocket(url))
  t.teardown(() => {
    for (const socket of idle) socket.destroy()
  })
  await Promise.all(idle.map(socket => once(socket, 'connect')))
  t.equal((await fetch(`${url}/hello`)).status, 200)
})

t.test('outside production, auto takes the next port if the usual one is taken, and says so', async t => {
  const taken = await occupy(t)
  const { url, lines } = await start(t, [], { internalPort: 'auto', standardPort: taken })
  const port = Number(new URL(url).port)
  t.ok(port > taken && port < taken + 10, `${port} is one of the next after ${taken}`)
  matchRows(t, lines, [{ level: 'info', fields: { usual: taken, port } }])
})

t.test('the next port is never the public one, which is opened later', async t => {
  const taken = await occupy(t)
  const { url } = await start(t, [], { internalPort: 'auto', standardPort: taken, port: taken + 1 })
  const port = Number(new URL(url).port)
  t.ok(port > taken + 1, `${port} is beyond ${taken + 1}`)
})

t.test('a taken port is an error in production, and always where it was named', async t => {
  const taken = await occupy(t)
  const expected = { code: 'LISTEN_FAILED', message: new RegExp(`127.0.0.1:${taken} .*--internal-port off`) }
  const production = { isProduction: true, standardPort: taken }
  await t.rejects(start(t, [], { internalPort: 'auto', ...production }), expected)
  await t.rejects(start(t, [], { internalPort: taken }), expected)
})

t.test('auto takes a free port where the public one is a free one, and off opens none', async t => {
  const taken = await occupyBeforeFree(t)
  const production = { isProduction: true, standardPort: taken }
  const { url } = await start(t, [], { internalPort: 'auto', port: 0, ...production })
  t.not(Number(new URL(url).port), taken)
  const beside = await start(t, [], { internalPort: 'auto', port: taken, ...production })
  t.equal(Number(new URL(beside.url).port), taken + 1, 'the public port keeps its own')
  const { server } = await start(t, [], { internalPort: 'off' })
  t.equal(server.url, undefined)
})

t.test('an address that the machine does not have is told with what to do', async t => {
  await t.rejects(start(t, [], { internalHost: '192.0.2.1' }), {
    code: 'LISTEN_FAILED',
    message: /192.0.2.1:0 .* --internal-host 0.0.0.0/
  })
})
