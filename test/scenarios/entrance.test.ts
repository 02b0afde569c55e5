/** Who may open a connection: by origin, by number, by address. */
import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import { WebSocket } from 'ws'
import type { Gateway } from '../../gateway/index.js'
import { startGateway, until } from '../helpers/gateway.js'

interface Answer {
  readonly status: number
  readonly text: string
}

/** Asks for an upgrade; resolves with the socket, or with how it was refused. */
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
    t.match(
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

t.test('an upgrade to something else is refused, and the gateway goes on', async t => {
  const { gateway } = await startGateway(t, 'wire')
  const asked = request(gateway.url.replace('ws:', 'http:'), {
    headers: { connection: 'upgrade', upgrade: 'h2c' }
  })
  asked.on('error', () => {})
  asked.end()
  const [response] = await once(asked, 'response')
  t.equal(response.statusCode, 400)
  t.ok(isOpen(await open(gateway)))
})
