/**
 * Explains in Node why no connection was made. Only the entry for Node uses it: browsers do not tell a page
 * why, so their bundles need none of this.
 */
import { printable } from '../../shared/text/printable.js'
import type { Fault } from './web-socket.js'

/** The part of a socket of `ws` that tells of a response other than 101. */
interface UpgradingSocket {
  once(event: 'unexpected-response', listener: (request: unknown, response: UpgradeResponse) => void): void
  emit(event: 'error', error: Error): void
  terminate(): void
}

interface UpgradeResponse {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  setEncoding(encoding: 'utf8'): void
  on(event: 'data', listener: (text: string) => void): void
  on(event: 'close', listener: () => void): void
}

/** An error of Node or OpenSSL. */
interface SystemError {
  readonly code?: string
  readonly message?: string
  readonly address?: string
  readonly port?: number
  readonly errors?: readonly SystemError[]
}

/** Characters of a response's body that are read. */
const longestBody = 1_024

/** Characters of a text of the server that an error tells. */
const longestText = 200

/** The response of an HTTP server that opens no WebSocket. */
class UpgradeRefused extends Error {
  readonly status: number
  readonly retryAfter: number | undefined

  constructor({ statusCode, statusMessage, headers }: UpgradeResponse, body: string) {
    const isText = String(headers['content-type']).startsWith('text/plain')
    // The gateway's own sentence, without characters that a terminal would obey.
    const sentence = isText ? shorten(body.split('\n')[0]!) : ''
    super(
      `HTTP ${statusCode} ${shorten(statusMessage)}: ${sentence || hintOf(statusCode, headers['location'])}`
    )
    this.name = 'UpgradeRefused'
    this.status = statusCode
    const seconds = /^\d+$/.exec(String(headers['retry-after']))
    this.retryAfter = seconds === null ? undefined : Number(seconds[0]) * 1_000
  }
}

function shorten(text: string): string {
  return printable(text).slice(0, longestText)
}

/** Returns what to do about a response that has no text. */
function hintOf(status: number, location: string | string[] | undefined): string {
  const isRedirect = status >= 300 && status < 400 && location !== undefined
  if (isRedirect) return `it redirects to ${shorten(String(location))}; connect to the new address`
  return httpHints[status] ?? 'no WebSocket was opened'
}

const httpHints: Readonly<Record<number, string>> = {
  200: 'this is a web server and no gateway; check the host, the port and the path',
  401: 'a proxy before the gateway asks for credentials',
  403: 'the gateway, or a proxy before it, does not allow this client',
  404: 'nothing is served under this path; check the path of the URL',
  429: 'there are too many connections or requests of this address',
  502: 'a proxy does not reach its gateway',
  503: 'the gateway, or a proxy before it, takes no more connections now',
  504: 'a proxy does not reach its gateway'
}

/** Statuses below 500 after which another attempt may succeed. */
const passing: readonly number[] = [408, 425, 429]

const unreachable = 'there is no way to this host; check the address and the network'
const untrusted =
  'the certificate is not trusted; name the certificate of its authority by the variable NODE_EXTRA_CA_CERTS'

/** Kinds of errors by their code, with what they mean. */
const meanings: Readonly<Record<string, readonly [Fault['kind'], string]>> = {
  ECONNREFUSED: ['refused', 'nothing listens there'],
  ENOTFOUND: ['unknown-host', 'this name has no address; check the host of the URL'],
  EAI_AGAIN: ['unknown-host', 'the name could not be looked up now; check the network'],
  EHOSTUNREACH: ['unreachable', unreachable],
  ENETUNREACH: ['unreachable', unreachable],
  ETIMEDOUT: ['unreachable', 'nothing has answered; a firewall may be between'],
  ECONNRESET: [
    'closed',
    'the connection was closed without an answer; the port may be one for TLS (wss:), or the gateway be closing'
  ],
  EPROTO: ['tls', 'there is no TLS at this port; use ws: instead of wss:'],
  CERT_HAS_EXPIRED: ['tls', 'the certificate has expired; renew it, or check the clock of this machine'],
  CERT_NOT_YET_VALID: ['tls', 'the certificate is not valid yet; check the clock of this machine'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls', untrusted],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls', untrusted],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls', untrusted],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls', untrusted],
  ERR_TLS_CERT_ALTNAME_INVALID: ['tls', 'the certificate is for other names; connect by one of them']
}

/** Errors of `ws` about a response that begins no WebSocket; they have no code. */
const noHandshake = /^(Invalid (Upgrade|Sec-WebSocket-)|Server sent a )/

/** Milliseconds for which the body of a refusal is waited for. */
const longestWait = 500

/** Makes a socket of `ws` report the response of a server that opens no WebSocket, as its error. */
export function watchUpgrade(webSocket: object): void {
  const socket = webSocket as Partial<UpgradingSocket>
  if (typeof socket.once !== 'function') return
  socket.once('unexpected-response', (_request, response) => {
    let body = ''
    let isOver = false
    const finish = () => {
      if (isOver) return
      isOver = true
      socket.emit!('error', new UpgradeRefused(response, body))
      socket.terminate!()
    }
    response.setEncoding('utf8')
    response.on('data', text => {
      body += text
      if (body.length > longestBody) finish()
    })
    response.on('close', finish)
    // The body may have no end, as that of a stream of events.
    setTimeout(finish, longestWait)
  })
}

/** Explains the error of a socket; undefined if it says nothing. */
export function explainNodeFault(error: unknown, url: string): Fault | undefined {
  if (error instanceof UpgradeRefused) {
    const { status, retryAfter, message: reason } = error
    return {
      kind: 'http',
      reason,
      status,
      retryAfter,
      isPermanent: status < 500 && !passing.includes(status)
    }
  }
  const { code, message = '', errors = [] } = Object(error) as SystemError
  const { host } = new URL(url)
  if (noHandshake.test(message)) {
    return {
      kind: 'http',
      reason: `${host}: ${message}: this is no WebSocket server, or a proxy changes its answer`
    }
  }
  if (code === undefined) return undefined
  if (code.startsWith('HPE_')) {
    return {
      kind: 'http',
      reason: `${code} ${host}: what answers there is no HTTP server; check the host and the port`
    }
  }
  const { address, port } = errors[0] ?? (Object(error) as SystemError)
  const [kind, meaning] = meanings[code] ?? [/CERT|SSL|TLS/.test(code) ? 'tls' : 'unknown', message]
  const place = address === undefined || port === undefined ? host : `${address}:${port}`
  return { kind, reason: `${code} ${place}: ${meaning}`, isPermanent: kind === 'tls' }
}
