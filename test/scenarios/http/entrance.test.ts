/** Checks before a connection is opened: origin, host, limits, and client address. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectSocket } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import type { Gateway } from '../../../gateway/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

interface Answer {
  readonly status: number
  readonly text: string
}

/** Requests an upgrade. Resolves with the socket, or with the response that refused it. */
async function open(gateway: Gateway, headers: Record<string, string> = {}): Promise<WebSocket | Answer> {
  const ws = new WebSocket(gateway.url, 'sallyport.json', { headers })
  ws.on('error', () => {})
  const refused = once(ws, 'unexpected-response').then(async ([, response]) => {
    let text = ''
    for await (const chunk of response) text += chunk
    return { status: response.statusCode, text }
  })
  return Promise.race([once(ws, 'open').then(() => ws), refused])
}

const isOpen = (answer: WebSocket | Answer) => answer instanceof WebSocket

t.test(
  'pages of the same host may connect, and what is no page; others are told how to be allowed',
  async t => {
    const { gateway, lines } = await startGateway(t, 'wire')
    const { port } = gateway.address
    t.ok(isOpen(await open(gateway)))
    t.ok(isOpen(await open(gateway, { origin: `http://127.0.0.1:${port}` })))
    for (const origin of [
      'http://evil.example',
      'http://127.0.0.1:1',
      'null',
      `http://127.0.0.1:${port}.evil.example`
    ]) {
      t.match(await open(gateway, { origin }), { status: 403, text: /may not connect here/ }, origin)
    }
    matchRows(
      t,
      lines.filter(({ level }) => level === 'warn'),
      [{ fields: { origin: 'http://evil.example', how: '--origins same,http://evil.example' } }],
      'one line, and not one for each'
    )
    t.match(gateway.metrics(), { connectionsRefused: 4, connections: 2 })
  }
)

t.test('origins can be named, or all be allowed', async t => {
  const named = await startGateway(t, 'wire', { origins: 'https://game.example, https://other.example' })
  t.ok(isOpen(await open(named.gateway, { origin: 'https://other.example' })))
  t.match(await open(named.gateway, { origin: `http://127.0.0.1:${named.gateway.address.port}` }), {
    status: 403
  })
  const all = await startGateway(t, 'wire', { origins: '*' })
  t.ok(isOpen(await open(all.gateway, { origin: 'http://anywhere.example' })))
})

t.test('connections are bounded in all and by address, and who leaves makes room', async t => {
  const few = await startGateway(t, 'wire', { maxConnections: 2 })
  const first = (await open(few.gateway)) as WebSocket
  t.ok(isOpen(await open(few.gateway)))
  t.match(await open(few.gateway), { status: 503 })
  first.terminate()
  await until('there is room', () => few.gateway.metrics().connections === 1)
  t.ok(isOpen(await open(few.gateway)))

  const proxied = await startGateway(t, 'wire', { maxConnectionsPerAddress: 1, trustedProxies: 1 })
  const from = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', ') })
  t.ok(isOpen(await open(proxied.gateway, from('203.0.113.7'))))
  t.ok(isOpen(await open(proxied.gateway, from('203.0.113.8'))))
  t.match(await open(proxied.gateway, from('203.0.113.7')), { status: 429 })
  t.match(
    await open(proxied.gateway, from('198.51.100.1', '203.0.113.7')),
    { status: 429 },
    'what a client adds itself does not count'
  )
  const plain = await startGateway(t, 'wire', { maxConnectionsPerAddress: 1 })
  t.ok(isOpen(await open(plain.gateway, from('203.0.113.7'))))
  t.match(
    await open(plain.gateway, from('203.0.113.8')),
    { status: 429 },
    'without trust the header says nothing'
  )
})

/** Sends bytes. Resolves with everything received until the connection closes. */
async function tell(gateway: Gateway, ...parts: readonly string[]): Promise<string> {
  const socket = connectSocket(gateway.address.port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  socket.on('data', data => (text += data))
  for (const part of parts) {
    socket.write(part)
    // A request may arrive in several pieces.
    await new Promise(resolve => setImmediate(resolve))
  }
  // `once` would reject with an error of the socket.
  await new Promise(resolve => socket.once('close', resolve))
  return text
}

/** Returns the bytes of an upgrade request without a host. */
function askFor(version: string): string {
  const head = [`GET / HTTP/${version}`, 'Connection: Upgrade', 'Upgrade: websocket']
  return [...head, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '\r\n'].join(
    '\r\n'
  )
}

t.test('a name that was made to lead here is not served, and the log says what to set', async t => {
  const onHttpRequest = (_request: unknown, response: ServerResponse) => void response.end('a page')
  const { gateway, lines } = await startGateway(t, 'wire', { onHttpRequest })
  const { port } = gateway.address
  const rebound = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` }
  t.match(await open(gateway, rebound), { status: 421, text: /not served under this name/ })
  const page = `GET / HTTP/1.1\r\nHost: ${rebound.host}\r\n\r\n`
  t.match(await tell(gateway, page), /^HTTP\/1\.1 421 [\s\S]*Connection: close[\s\S]*not served/i)
  matchRows(
    t,
    lines.filter(({ level }) => level === 'warn'),
    [{ fields: { host: rebound.host, how: '--hosts loopback,evil.example' } }]
  )
  for (const host of ['localhost', `127.0.0.1:${port}`, '[::1]'])
    t.ok(isOpen(await open(gateway, { host })), host)
  t.match(await tell(gateway, 'GET / HTTP/1.0\r\n\r\n'), /a page$/, 'no browser leaves the name out')

  const named = await startGateway(t, 'wire', { hosts: 'game.example' })
  t.ok(isOpen(await open(named.gateway, { host: 'game.example:443', origin: 'https://game.example' })))
  t.match(await open(named.gateway), { status: 421 })
  const everywhere = await startGateway(t, 'wire', { host: '0.0.0.0' })
  const url = { ...everywhere.gateway, url: `ws://127.0.0.1:${everywhere.gateway.address.port}` } as Gateway
  t.ok(isOpen(await open(url, { host: 'my-laptop.lan:3010' })))
})

t.test(
  "a port that is its scheme's own may be written or not, in what clients and operators say",
  async t => {
    const tls = await startGateway(t, 'wire', { hosts: '*' })
    t.ok(isOpen(await open(tls.gateway, { host: 'game.example:443', origin: 'https://game.example' })))
    const named = await startGateway(t, 'wire', { origins: 'https://x.example/,https://y.example:443' })
    for (const origin of ['https://x.example', 'https://y.example'])
      t.ok(isOpen(await open(named.gateway, { origin })), origin)
    await t.rejects(startGateway(t, 'wire', { origins: 'same,x.example' }), {
      code: 'OPTION_INVALID',
      message: /`origins`.*got "x\.example"/
    })
  }
)

t.test('no header is left out, however many come before it', async t => {
  const options = { maxConnectionsPerAddress: 1, trustedProxies: 1, origins: 'https://game.example' }
  const { gateway } = await startGateway(t, 'wire', options)
  const fillers = Array.from({ length: 2_100 }, () => 'a:')
  const ask = (...lines: string[]) => {
    const [first, ...rest] = askFor('1.1').split('\r\n')
    return tell(gateway, [first, ...fillers, ...lines, ...rest].join('\r\n'))
  }
  t.match(await ask('Host: localhost', 'Origin: https://evil.example'), /^HTTP\/1\.1 403 /)
  t.match(await ask('Host: localhost', 'Content-Length: 3'), /^HTTP\/1\.1 400 /)
  t.ok(isOpen(await open(gateway, { 'x-forwarded-for': '203.0.113.7' })))
  t.match(await ask('Host: localhost', 'X-Forwarded-For: 203.0.113.7'), /^HTTP\/1\.1 429 /)
})

t.test('an address counts once, whatever way a proxy writes it', async t => {
  const { gateway } = await startGateway(t, 'wire', { maxConnectionsPerAddress: 1, trustedProxies: 1 })
  const from = (address: string, name = 'x-forwarded-for') => open(gateway, { [name]: address })
  t.ok(isOpen(await from('203.0.113.7:5555')))
  for (const [address, name] of [
    ['203.0.113.7', 'x-forwarded-for'],
    ['203.0.113.7:5556', 'x-forwarded-for'],
    ['"203.0.113.7"', 'x-forwarded-for'],
    ['::ffff:203.0.113.7', 'x-forwarded-for'],
    ['for="203.0.113.7:1"', 'forwarded']
  ] as const)
    t.match(await from(address, name), { status: 429 }, `${name}: ${address}`)
  t.ok(isOpen(await from('[2001:db8::1]:1')))
  t.match(await from('2001:db8::2'), { status: 429 }, 'the same subscriber')
  t.ok(isOpen(await from('unknown')), 'who it is nobody says: the proxy counts')
  t.match(await from('_hidden'), { status: 429 })
})

t.test('a client of IPv4 has its own address where the gateway listens on ::', async t => {
  const { gateway } = await startGateway(t, 'wire', { host: '::' })
  const url = { url: `ws://127.0.0.1:${gateway.address.port}` } as Gateway
  t.ok(isOpen(await open(url)))
  await until('it is in', () => gateway.metrics().sessions === 1)
  gateway.sessions.forEachSession(({ id }) => {
    t.equal(gateway.sessions.getClientAddressBySessionId(id)?.ip, '127.0.0.1')
  })
})

t.test('a wish for another protocol is not granted, and the request is served', async t => {
  const onHttpRequest = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.end(`[${request.method} ${request.url} ${request.headers['x-name']} ${body}]`)
  }
  const { gateway } = await startGateway(t, 'wire', { onHttpRequest })
  const head = 'Host: localhost\r\nX-Name: x\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n'
  const bare = [
    `GET /a HTTP/1.1\r\n${head}Upgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `DELETE /c HTTP/1.1\r\n${head}Upgrade: TLS/1.2\r\nContent-Length: 0\r\n\r\n`,
    'GET /d HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n'
  ]
  // What follows a body is answered, or the connection is closed before it, which depends on Node's version.
  const last = 'GET /g HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  const posted = [`POST /e HTTP/1.1\r\n${head}Upgrade: TLS/1.2\r\nContent-Length: 4\r\n\r\n12`, `34${last}`]
  const chunked = [
    `PUT /f HTTP/1.1\r\n${head}Upgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n`,
    `123\r\n0\r\n\r\n${last}`
  ]
  for (const [parts, answers] of [
    [bare, ['[GET /a x ]', '[GET /b undefined ]', '[DELETE /c x ]', '[GET /d undefined ]']],
    [posted, ['[POST /e x 1234]']],
    [chunked, ['[PUT /f x 123]']]
  ] as const) {
    for (const pieces of [parts, [parts.join('')]]) {
      const given = (await tell(gateway, ...pieces)).match(/\[.*\]/g)
      t.same(given?.slice(0, answers.length), answers, `in ${pieces.length} pieces`)
    }
  }
  t.ok(isOpen(await open(gateway)))
})

t.test('an upgrade with a body is refused, and opens no WebSocket', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const head = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==`.replaceAll(/\r?\n/g, '\r\n')
  for (const parts of [
    [`${head}\r\nContent-Length: 4\r\n\r\n1234`],
    [`${head}\r\nContent-Length: 4\r\n\r\n12`],
    [`${head}\r\nTransfer-Encoding: chunked\r\n\r\n`, '3\r\n123\r\n0\r\n\r\n']
  ]) {
    const answer = await tell(gateway, ...parts)
    t.match(answer, /^HTTP\/1\.1 400 [\s\S]*An upgrade to a WebSocket has no body\.\n$/)
  }
  t.equal(gateway.metrics().handshakesMalformed, 3)
  t.ok(isOpen(await open(gateway)))
})

t.test('an upgrade without a host is refused, as Node refuses any other request without one', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const refused = /^HTTP\/1\.1 400 [\s\S]*An upgrade to a WebSocket names its host\.\n$/
  for (const version of ['1.1', '1.0']) t.match(await tell(gateway, askFor(version)), refused)
  t.match(await tell(gateway, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /)
  t.match(gateway.metrics(), { handshakesMalformed: 2, connectionsOpened: 0 })
})

t.test('what is no handshake is answered with why, and counted', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const head = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  for (const [sent, answer] of [
    ['GARBAGE\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*This is no HTTP request/],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 431 [\s\S]*headers are too large/],
    [
      `${head}Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      /^HTTP\/1\.1 400 /
    ],
    [`${head}Sec-WebSocket-Version: 13\r\n\r\n`, /^HTTP\/1\.1 400 /]
  ] as const)
    t.match(await tell(gateway, sent), answer)
  t.match(gateway.metrics(), { handshakesMalformed: 4, connectionsRefused: 0, connectionsOpened: 0 })
  t.ok(isOpen(await open(gateway)))
})

t.test('large headers that come in several pieces are counted once, and who leaves is not', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const { port } = gateway.address
  // Its answer may be lost, since the gateway does not read all of it.
  await tell(gateway, `GET / HTTP/1.1\r\nX: ${'x'.repeat(500_000)}\r\n\r\n`)
  t.equal(gateway.metrics().handshakesMalformed, 1)
  const leaver = connectSocket(port, '127.0.0.1', () => leaver.end('GET / HT')).on('error', () => {})
  await new Promise(resolve => leaver.resume().once('close', resolve))
  t.equal(gateway.metrics().handshakesMalformed, 1)
})

t.test('a connection is closed after its 1,000th request, whatever upgrades they wish for', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const head = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
  // No more than that: what the gateway has not read may cost the client answers that it has not read.
  const answers = (await tell(gateway, head.repeat(1_000))).split('HTTP/1.1 ').slice(1)
  t.equal(answers.length, 1_000)
  t.same(
    answers.flatMap((answer, index) => (/^connection: close/im.test(answer) ? [index] : [])),
    [999]
  )
})
