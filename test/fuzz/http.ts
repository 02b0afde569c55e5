/**
 * Random bytes for the gateway's port before there is a WebSocket. They are HTTP requests with some bytes
 * changed, cut into pieces, and bytes of other protocols. The gateway must close each socket by itself.
 */
import { connect, type Socket } from 'node:net'
import { withTimeout } from '../../shared/with-timeout.js'
import { mutate, randomBytes } from './inputs.js'

export interface HttpReport {
  readonly streams: number
  /** Number of answers by status; 101: a WebSocket was opened. */
  readonly answers: Readonly<Record<number, number>>
  /** Number of sockets that were closed without an answer. */
  readonly unanswered: number
  readonly faults: readonly string[]
}

/**
 * Milliseconds after which an open socket is a fault: far more than the gateway's limits, for a busy machine.
 */
const longestWait = 30_000
const mostFaults = 20

const text = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1')
const upgrade = (...more: string[]) =>
  text(
    'GET /?token=a HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '',
    ''
  )

const samples: readonly Buffer[] = [
  upgrade('Sec-WebSocket-Protocol: sallyport.json'),
  upgrade(
    'Sec-WebSocket-Protocol: pomelo, other',
    'Origin: http://127.0.0.1',
    'Sec-WebSocket-Extensions: a; b="c"'
  ),
  upgrade(
    'Forwarded: for="[2001:db8::1]:4711";proto=https, for=_hidden',
    'X-Forwarded-For: 10.0.0.1, unknown'
  ),
  // An upgrade with a WebSocket frame behind it.
  Buffer.concat([upgrade(), Buffer.of(0x81, 0x83, 1, 2, 3, 4, 0x60, 0x60, 0x60)]),
  text('GET / HTTP/1.1', 'Host: 127.0.0.1', '', ''),
  text('GET / HTTP/1.0', '', ''),
  text('GET / HTTP/1.1', 'Host: a', '', 'GET /b HTTP/1.1', 'Host: a', '', ''),
  text('POST /a HTTP/1.1', 'Host: 127.0.0.1', 'Content-Length: 500', '', 'short'),
  text('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '3', 'abc', '0', '', ''),
  text('PUT / HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 3', '', 'abc'),
  text('CONNECT example:443 HTTP/1.1', 'Host: example:443', '', ''),
  text('OPTIONS * HTTP/1.1', 'Host: a', 'Connection: keep-alive', '', ''),
  text('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', '', ''),
  text('PRI * HTTP/2.0', '', 'SM', '', ''),
  text(
    'GET / HTTP/1.1',
    'Host: a',
    ...Array.from({ length: 2_000 }, (_, i) => `x-${i}: ${'y'.repeat(9)}`),
    '',
    ''
  ),
  // The beginning of a TLS handshake, and probes of two port scanners.
  Buffer.from('16030102000100 01fc0303'.replaceAll(' ', '') + '00'.repeat(60), 'hex'),
  text('SSH-2.0-scanner', ''),
  text('*1', '$4', 'PING', '')
]

/**
 * Opens `streams` sockets to the port of a gateway with short heartbeats, `together` of them at the same
 * time.
 */
export async function fuzzHttp(
  port: number,
  streams: number,
  random: () => number,
  together = 100
): Promise<HttpReport> {
  const answers: Record<number, number> = {}
  const faults: string[] = []
  let unanswered = 0
  const open = async () => {
    const pieces = cut(createStream(random), random)
    const hasMore = random() < 0.5
    const { isClosed, received } = await send(port, pieces, hasMore)
    const told = () => Buffer.concat(pieces).toString('hex').slice(0, 2_000)
    if (!isClosed) faults.push(`a socket stays open after ${told()}`)
    const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
    for (const status of statuses) answers[status] = (answers[status] ?? 0) + 1
    if (statuses.length === 0) unanswered++
    if (statuses.includes(500)) faults.push(`500 after ${told()}`)
    if (received !== '' && !received.startsWith('HTTP/1.1 ')) faults.push(`${received} after ${told()}`)
  }
  for (let i = 0; i < streams && faults.length < mostFaults; i += together)
    await Promise.all(Array.from({ length: Math.min(together, streams - i) }, open))
  return { streams, answers, unanswered, faults }
}

function createStream(random: () => number): Uint8Array {
  const kind = random()
  if (kind < 0.1) return randomBytes(random)
  const sample = samples[Math.floor(random() * samples.length)]!
  if (kind < 0.2) return sample
  // Some requests are incomplete.
  if (kind < 0.3) return sample.subarray(0, Math.floor(random() * sample.length))
  return mutate(sample, random)
}

function cut(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let start = 0
  while (start < bytes.length && pieces.length < 4) {
    const end = start + 1 + Math.floor(random() * (bytes.length - start))
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  if (start < bytes.length) pieces.push(bytes.subarray(start))
  return pieces
}

/** Writes the pieces, and waits for the close. `hasMore`: whether the client's half stays open after them. */
async function send(
  port: number,
  pieces: readonly Uint8Array[],
  hasMore: boolean
): Promise<{ isClosed: boolean; received: string }> {
  // With `allowHalfOpen`, Node does not close the socket for the gateway.
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  socket.on('data', bytes => {
    received += bytes.toString('latin1')
    // Answers a WebSocket close frame by ending the socket: other tests cover clients that do not.
    if (bytes.includes(0x88)) socket.end()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => resolve())
    // The gateway has closed its half, so the client closes its own.
    socket.once('end', () => socket.end())
  })
  for (const piece of pieces) {
    if (socket.writable) socket.write(piece)
    await new Promise(resolve => setImmediate(resolve))
  }
  if (!hasMore) socket.end()
  const isClosed = await withTimeout(longestWait, closed)
  socket.destroy()
  return { isClosed, received }
}
