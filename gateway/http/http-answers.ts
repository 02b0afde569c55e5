/** The gateway's own HTTP responses, through Node's response objects or as bytes on a socket. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpRefusal } from '../addresses/address-limits.js'
import type { Metrics } from '../telemetry/metrics.js'

/** What a refused client reads. */
type Answer = Omit<HttpRefusal, 'metric'>

/** Returns the head of a request as it came, but without its `Upgrade` header. */
export function formatWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Whether a request has a body (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Destroys a socket. Added to the socket as a listener, so `this` is the socket. */
export function destroy(this: Socket): void {
  this.destroy()
}

/** Refuses an upgrade with an HTTP response, then closes the connection. Counts it. */
export function refuseUpgrade(socket: Socket, refusal: HttpRefusal, metrics: Metrics): void {
  metrics.count(refusal.metric)
  answerOn(socket, refusal)
}

function answerOn(socket: Socket, { status, why, retryAfter }: Answer): void {
  const body = `${why}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    retryAfter === undefined ? [] : `Retry-After: ${formatRetryAfter(retryAfter)}`
  ].flat()
  socket.once('finish', destroy)
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Answers what Node could not read as HTTP with the status that Node itself answers, then closes. */
export function answerUnreadable(socket: Socket, code: string | undefined): void {
  const [status, why] = unreadable[code ?? ''] ?? [400, 'This is no HTTP request.']
  answerOn(socket, { status, why })
}

const unreadable: Readonly<Record<string, [HttpRefusal['status'], string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The extensions of a chunk are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.']
}

/** Refuses a request that is no upgrade. Counts it. */
export function answerRefused(response: ServerResponse, refusal: HttpRefusal, metrics: Metrics): void {
  const { status, why, retryAfter, metric } = refusal
  metrics.count(metric)
  if (retryAfter !== undefined) response.setHeader('retry-after', formatRetryAfter(retryAfter))
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${why}\n`)
}

/**
 * Returns the value of `Retry-After`. It is in whole seconds (RFC 9110 §10.2.3); durations elsewhere are in
 * milliseconds.
 */
function formatRetryAfter(ms: number): string {
  return String(Math.ceil(ms / 1000))
}

/** Answers 500 after the host's `onHttpRequest` has failed. */
export function answerFailed(response: ServerResponse): void {
  if (response.writableEnded) return
  // Once the headers are sent, the status cannot change: only a cut connection tells the client of the error.
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  const body = 'The request failed.\n'
  // The reason phrase of the host may be what has failed, and Node may remember the length of its body.
  const headers = { 'content-type': 'text/plain', 'content-length': body.length, connection: 'close' }
  response.writeHead(500, STATUS_CODES[500]!, headers).end(body)
}

/** Answers 426, if the host has no `onHttpRequest`. */
export function requireUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' })
  response.end('This is a Sallyport gateway: connect by WebSocket.\n')
}
