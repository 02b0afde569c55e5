/** Connections that cannot be made: the error says why, as far as the platform tells. */
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { explainNodeFault } from '../../client/base/node-faults.js'
import { explainFault, platform } from '../../client/base/web-socket.js'
import {
  type Client,
  type ClientError,
  type ClientOptions,
  connect,
  type Failure
} from '../../client/node.js'
import { createCertificate } from '../helpers/certificate.js'
import { startGateway } from '../helpers/gateway.js'
import { fixture } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

const backOff = { least: 1, most: 20 }

/** Starts a server on a free port, which ends with the test. */
async function listen(t: Test, server: TcpServer): Promise<number> {
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** The client may be gone before it has the answer. */
const ignore = () => {}

/** Answers an upgrade by a response. */
const refusing = (head: string, body = '') =>
  createServer().on('upgrade', (_request, socket) =>
    socket
      .on('error', ignore)
      .end(`HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
  )

/** Returns the error of `connect`, and the failures that it reported. */
async function fail(url: string, options: ClientOptions = {}) {
  const failures: Failure[] = []
  const onFailure = (failure: Failure) => failures.push(failure)
  const error = await connect(url, { backOff, connectTimeout: 1_500, onFailure, ...options }).then(
    () => Promise.reject(new Error('It has connected')),
    (each: ClientError) => each
  )
  return { error, failures }
}

/** The class of `ws` with one certificate that it trusts. */
const trusting = (ca: string) =>
  class extends WebSocket {
    constructor(url: string) {
      super(url, { ca })
    }
  } as unknown as NonNullable<ClientOptions['WebSocket']>

t.test(
  'what passes by itself is tried again until the time is over, and the error says what it was',
  async t => {
    const port = await listen(
      t,
      refusing('503 Service Unavailable\r\nContent-Type: text/plain', 'Full: come back.\n')
    )
    const rows: [url: string, kind: string, message: RegExp][] = [
      [
        'ws://127.0.0.1:1',
        'refused',
        /: ECONNREFUSED 127\.0\.0\.1:1: nothing listens there \(tried for 1,?500 ms\)$/
      ],
      [
        'ws://nothing.invalid',
        'unknown-host',
        /: (ENOTFOUND|EAI_AGAIN) nothing\.invalid: .*(address|looked up)/
      ],
      [`ws://127.0.0.1:${port}`, 'http', /: HTTP 503 Service Unavailable: Full: come back\. \(tried/]
    ]
    for (const [url, kind, message] of rows) {
      const { error, failures } = await fail(url)
      t.match(error, { code: 'CONNECT_FAILED', message, retryable: true, data: { kind } }, url)
      t.ok(error.cause instanceof Error)
      t.ok(failures.length > 1 && failures.every(each => each.kind === kind), `${failures.length} attempts`)
    }
  }
)

t.test('what does not pass by itself rejects at once', async t => {
  const never = { connectTimeout: 0 }
  const resets = createTcpServer(socket => socket.resetAndDestroy())
  const pair = createCertificate()
  const tls = await listen(t, createTlsServer(pair))
  const expired = createCertificate(-1)
  const old = await listen(t, createTlsServer(expired))
  const web = await listen(
    t,
    createServer((_request, response) => void response.end('<p>hello'))
  )
  const http = async (head: string, body?: string) =>
    `ws://127.0.0.1:${await listen(t, refusing(head, body))}`
  const plain = 'Content-Type: text/plain'
  const rows: [url: string, kind: string, message: RegExp, options?: ClientOptions][] = [
    [`wss://127.0.0.1:${tls}`, 'tls', /DEPTH_ZERO_SELF_SIGNED_CERT .*not trusted; .*NODE_EXTRA_CA_CERTS/],
    [
      `wss://127.0.0.1:${old}`,
      'tls',
      /CERT_HAS_EXPIRED .*expired; renew/,
      { WebSocket: trusting(expired.cert) }
    ],
    [`wss://127.0.0.1:${web}`, 'tls', /EPROTO .*no TLS at this port; use ws:/],
    [`ws://127.0.0.1:${web}`, 'http', /HTTP 200 OK: this is a web server and no gateway/],
    [await http('401 Unauthorized'), 'http', /HTTP 401 Unauthorized: a proxy .* credentials/],
    [
      await http(`403 Forbidden\r\n${plain}`, 'Pages of x may not connect here.\n'),
      'http',
      /HTTP 403 Forbidden: Pages of x may/
    ],
    [
      await http('404 Not Found\r\nContent-Type: text/html', '<p>no'),
      'http',
      /HTTP 404 Not Found: .*check the path/
    ],
    [
      await http('308 Permanent Redirect\r\nLocation: https://new.example/game'),
      'http',
      /HTTP 308 Permanent Redirect: it redirects to https:\/\/new\.example\/game; connect to/
    ],
    [
      await http(`418 Teapot\r\n${plain}`, `\u001b[31m${'x'.repeat(5_000)}`),
      'http',
      /HTTP 418 Teapot: \\u001b\[31mx{190}$/
    ],
    [await http(`418 Tea\u009bpot\r\n${plain}`), 'http', /HTTP 418 Tea.\\u009bpot: no WebSocket/]
  ]
  for (const [url, kind, message, options] of rows) {
    const { error, failures } = await fail(url, { ...never, ...options })
    t.match(error, { code: 'CONNECT_FAILED', message, retryable: false, data: { kind } }, message.source)
    t.equal(failures.length, 1, 'one attempt')
    if (kind === 'http') t.equal((error.data as Failure).status, Number(/HTTP (\d+)/.exec(error.message)![1]))
  }
  // It may pass: the gateway may be closing.
  const { error } = await fail(`ws://127.0.0.1:${await listen(t, resets)}`)
  t.match(error, { retryable: true, data: { kind: 'closed' }, message: /ECONNRESET .*without an answer/ })
})

t.test('a refusal is told though its body has no end', async t => {
  const endless = createServer().on('upgrade', (_request, socket) =>
    socket.on('error', ignore).write(`HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbegun`)
  )
  const { error } = await fail(`ws://127.0.0.1:${await listen(t, endless)}`, { connectTimeout: 30_000 })
  t.match(error, {
    retryable: false,
    message: /HTTP 403 Forbidden/,
    data: { kind: 'http', status: 403 }
  })
  endless.closeAllConnections()
})

t.test('an answer that begins no WebSocket is told from a fault without a reason', async t => {
  const answering = (answer: string) => createTcpServer(socket => socket.on('error', ignore).end(answer))
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: '
  const rows: [answer: string, message: RegExp][] = [
    [
      'SSH-2.0-OpenSSH_9.9\r\n',
      /HPE_INVALID_CONSTANT 127\.0\.0\.1:\d+: what answers there is no HTTP server/
    ],
    [`${upgrade}h2c\r\n\r\n`, /127\.0\.0\.1:\d+: Invalid Upgrade header: this is no WebSocket server/],
    [`${upgrade}websocket\r\nSec-WebSocket-Accept: x\r\n\r\n`, /: Invalid Sec-WebSocket-Accept header: this/]
  ]
  for (const [answer, message] of rows) {
    const { error } = await fail(`ws://127.0.0.1:${await listen(t, answering(answer))}`)
    t.match(error, { retryable: true, data: { kind: 'http' }, message })
    t.notMatch(error.message, /browser/)
  }
})

t.test('a message has neither the password nor the query of the address', async t => {
  const { error } = await fail('ws://ann:secret@127.0.0.1:1/game?token=secret')
  t.match(error.message, /^No connection to ws:\/\/127\.0\.0\.1:1\/game came about: ECONNREFUSED/)
})

t.test('a socket that reports its closing as an error, and at once, is given up in time', async t => {
  class Hasty {
    binaryType = ''
    onopen = null
    onmessage = null
    onclose: ((event: object) => void) | null = null
    onerror: ((event: object) => void) | null = null
    send() {}
    close() {
      this.onerror?.({ error: new Error('closed before it was open') })
      this.onclose?.({ code: 1006, reason: '' })
    }
  }
  const { error, failures } = await fail('ws://127.0.0.1:1', { attemptTimeout: 20, WebSocket: Hasty })
  t.match(error, { data: { kind: 'timeout' }, message: /no handshake within 20 ms \(tried/ })
  t.ok(failures.every(({ kind }) => kind === 'timeout'))
})

/** Counts the visits of a client that is refused with this `Retry-After`, and when each came. */
async function refuseAll(t: Test, seconds: number): Promise<{ url: string; visits: number[] }> {
  const visits: number[] = []
  const answer = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${seconds}\r\nConnection: close\r\n\r\n`
  const server = createServer().on('upgrade', (_request, socket) => {
    visits.push(performance.now())
    socket.on('error', ignore).end(answer)
  })
  return { url: `ws://127.0.0.1:${await listen(t, server)}`, visits }
}

t.test('a server says when to come back at the earliest, and the client does so', async t => {
  const { url, visits } = await refuseAll(t, 1)
  const failures: Failure[] = []
  const connecting = connect(url, { backOff, connectTimeout: 2_500, onFailure: each => failures.push(each) })
  await t.rejects(connecting, { code: 'CONNECT_FAILED', data: { kind: 'http', status: 429 } })
  t.match(failures[0], { kind: 'http', status: 429 })
  t.ok(visits.length > 1, 'it has come back')
  // A timer of Node may be a millisecond early.
  for (const [n, at] of visits.entries()) if (n > 0) t.ok(at - visits[n - 1]! > 990)
})

t.test('a server that lets it come back at once does not end its back-off', async t => {
  const { url, visits } = await refuseAll(t, 0)
  const patient = { backOff: { least: 100_000, most: 100_000 }, random: () => 0.99, connectTimeout: 1_000 }
  await t.rejects(connect(url, patient), { code: 'CONNECT_FAILED' })
  t.equal(visits.length, 1)
})

t.test('after the first connection every fault is told, and tried again', async t => {
  const handlers = fixture('handlers-resume')
  const { gateway } = await startGateway(t, handlers, { workers: 1 })
  const failures: Failure[] = []
  const client: Client = await connect(gateway.url, {
    backOff,
    onFailure: each => {
      failures.push(each)
      if (failures.length === 1) throw new Error('of the game')
    }
  })
  t.teardown(() => client.close())
  const { port } = gateway.address
  const uncaught = new Promise(resolve => process.once('uncaughtException', resolve))
  await gateway.close()
  t.match(await uncaught, { message: 'of the game' })
  const proxy = refusing('404 Not Found')
  await new Promise<void>(resolve => void proxy.listen(port, '127.0.0.1', resolve))
  await until('it was told', () => client.failure?.kind === 'http')
  t.match(client.failure, { status: 404 })
  await new Promise(resolve => proxy.close(resolve))
  await startGateway(t, handlers, { workers: 1, port })
  await until('it is back', () => client.state === 'open')
  t.match(failures[0], { kind: 'closed' })
  t.equal(client.failure, undefined)
})

t.test('a failure may close the client, and a silent server is given up in time', async t => {
  const silent = await listen(
    t,
    createTcpServer(() => {})
  )
  const { error, failures } = await fail(`ws://127.0.0.1:${silent}`, { attemptTimeout: 20 })
  t.match(error, { data: { kind: 'timeout' }, message: /no handshake within 20 ms \(tried/ })
  t.ok(failures.length > 1)
  const waiting = await fail(`ws://127.0.0.1:${silent}`, { connectTimeout: 20 })
  t.match(waiting.error, { data: { kind: 'timeout' }, message: /no answer \(tried for 20 ms\)/ })
  t.same(waiting.failures, [])
  const user = await fail('ws://127.0.0.1:1', { user: () => Promise.reject(new Error('no token')) })
  t.match(user.error, { data: { kind: 'user' }, message: /`user` failed: no token/ })
  t.match((await fail('nowhere')).error, { data: { kind: 'platform' }, retryable: false })
  await t.rejects(connect('ws://127.0.0.1:1', { onFailure: 5 } as never), { message: /`onFailure`/ })
  await t.rejects(connect('ws://127.0.0.1:1', { on: [() => {}] } as never), {
    code: 'OPTION_INVALID',
    message: /`on` to be an object, got an array/
  })
})

t.test('where the platform does not say why, the error says what to check', t => {
  t.equal(explainNodeFault(undefined, 'ws://a'), undefined)
  t.equal(explainNodeFault(new TypeError(''), 'ws://a'), undefined)
  t.match(explainNodeFault({ code: 'EWHATEVER', message: 'boom' }, 'ws://a:5'), {
    kind: 'unknown',
    reason: 'EWHATEVER a:5: boom'
  })
  t.match(explainNodeFault({ code: 'ECONNREFUSED', address: '127.0.0.1' }, 'ws://127.0.0.1:0'), {
    reason: 'ECONNREFUSED 127.0.0.1:0: nothing listens there'
  })
  const several = { code: 'ECONNREFUSED', errors: [{ address: '::1', port: 5 }] }
  t.match(explainNodeFault(several, 'ws://a:5'), { reason: 'ECONNREFUSED ::1:5: nothing listens there' })
  const { explain } = platform
  delete platform.explain
  t.match(explainFault(undefined, 'wss://a'), { kind: 'unknown', reason: /certificate .*`origins`/ })
  t.notMatch(explainFault(undefined, 'ws://a').reason, /certificate/)
  Object.assign(platform, { explain })
  t.end()
})
