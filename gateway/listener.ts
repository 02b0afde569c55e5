/**
 * The HTTP server and its upgrades. What is no upgrade is the host's to answer, if it likes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { errors } from '../shared/errors.js'
import type { Logger } from '../shared/log.js'
import type { Credentials } from './attachment.js'
import type { Entrance, Refusal } from './entrance.js'
import type { ClientAddress } from './options.js'
import { readEnd, readTlsPair, type TlsFiles } from './tls.js'
import { type ClientWebSocket, createSocketServer, type SocketServer } from './web-socket.js'

/** Subprotocols that a client may ask for. */
const subprotocols = ['sallyport.json', 'pomelo']

/** Milliseconds that the head of a request may take at most. */
const longestHeaders = 60_000

/** Milliseconds between two looks at whose take longer, at least. */
const fastestCheck = 5

/** Answers an HTTP request that opens no WebSocket. */
export type HttpRequestListener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface ListenerInit extends TlsFiles {
  readonly host: string
  readonly port: number
  readonly maxBodyBytes: number
  /** Milliseconds until a connection is closed that has not asked for anything. */
  readonly handshakeTimeout: number
  readonly log: Logger
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number
  readonly entrance: Entrance
  /** Answers requests that are no upgrade; undefined: they are told to upgrade. */
  readonly onHttpRequest: HttpRequestListener | undefined
  readonly onSocket: (opened: OpenedSocket, credentials: Credentials) => void
}

/** A WebSocket that has just been opened. */
export interface OpenedSocket {
  readonly webSocket: ClientWebSocket
  /** The socket below it. */
  readonly socket: Socket
  readonly address: ClientAddress
  /** What the client asked for at the upgrade; '' for nothing. */
  readonly subprotocol: string
}

export class Listener {
  readonly #init: ListenerInit
  readonly #http: Server | TlsServer
  #port: number | undefined
  readonly #webSockets: SocketServer
  /** The answer that a connection's newest request waits for. */
  readonly #unanswered = new WeakMap<Socket, ServerResponse>()

  constructor(init: ListenerInit) {
    this.#init = init
    this.#webSockets = createSocketServer(init.maxBodyBytes, subprotocols)
    const { tlsCert, handshakeTimeout } = init
    const headersTimeout = Math.min(handshakeTimeout, longestHeaders)
    const connectionsCheckingInterval = Math.max(fastestCheck, Math.ceil(headersTimeout / 4))
    const limits = { headersTimeout, connectionsCheckingInterval }
    this.#http = tlsCert === '' ? createServer(limits) : createTlsServer({ ...limits, handshakeTimeout })
    this.#http.on('request', (request, response) => this.#answer(request, response))
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
  }

  /** Where it listens; before that, where it is to. */
  get address(): { readonly host: string; readonly port: number } {
    const { host, port } = this.#init
    return { host, port: this.#port ?? port }
  }

  /** The address for clients. */
  get url(): string {
    const { host, port } = this.address
    const scheme = this.#init.tlsCert === '' ? 'ws' : 'wss'
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  get isListening(): boolean {
    return this.#port !== undefined
  }

  /** @throws `LISTEN_FAILED`, saying what could not be listened on and why; `TLS_INVALID` */
  async listen(): Promise<void> {
    if (this.#http instanceof TlsServer)
      this.#http.setSecureContext(readTlsPair(this.#init, this.#init.now()))
    const { host, port } = this.#init
    return new Promise((resolve, reject) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another program listens there already' : error.message
        reject(errors.listenFailed(`Can't listen on ${host}:${port}: ${why}`))
      })
      this.#http.listen(port, host, () => {
        this.#port = (this.#http.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /**
   * Reads certificate and key anew, for connections that are opened from now on.
   *
   * @throws `TLS_INVALID`, and the old ones go on; `OPTION_INVALID` where there are none
   */
  reloadCertificate(): void {
    if (!(this.#http instanceof TlsServer))
      throw errors.optionInvalid('There is no certificate: `tlsCert` is not set')
    const pair = readTlsPair(this.#init, this.#init.now())
    this.#http.setSecureContext(pair)
    this.#init.log.info('The certificate was read anew', { file: this.#init.tlsCert, until: readEnd(pair) })
  }

  /** Takes no new connections, and no upgrade of those that are there. WebSockets are their owner's to close. */
  close(): void {
    this.#init.entrance.close()
    this.#http.close()
    this.#http.closeIdleConnections()
  }

  /** Cuts off what nobody has answered. An upgraded connection is not among it. */
  terminate(): void {
    this.#http.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { onHttpRequest = requireUpgrade, log, entrance } = this.#init
    this.#awaitAnswer(request.socket, response)
    const refusal = entrance.judgeHost(request)
    if (refusal !== undefined) return answerRefused(response, refusal)
    try {
      await onHttpRequest(request, response)
    } catch (error) {
      // Without the query, which may hold what is no log's business.
      const path = request.url?.split('?')[0]
      log.error('onHttpRequest failed', { method: request.method, path, error })
      answerFailed(response)
    }
  }

  /** Of requests that are pipelined the newest is answered last. */
  #awaitAnswer(socket: Socket, response: ServerResponse): void {
    this.#unanswered.set(socket, response)
    response.once('close', () => {
      if (this.#unanswered.get(socket) === response) this.#unanswered.delete(socket)
    })
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // Another protocol may be asked for, and need not be granted [RFC 9110 §7.8].
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return this.#serveAsItIs(request, socket, head)
    socket.on('error', destroy)
    const { entrance } = this.#init
    const ip = entrance.addressOf(request)
    const refusal = entrance.judgeHost(request) ?? entrance.enter(request, ip)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    this.#leaveAtEnd(socket, ip)
    const address = { ip, port: socket.remotePort ?? 0 }
    this.#webSockets.handleUpgrade(request, socket, head, webSocket => {
      const { headers, url = '' } = request
      this.#init.onSocket({ webSocket, socket, address, subprotocol: webSocket.protocol }, { headers, url })
    })
  }

  /**
   * Serves what Node has taken for an upgrade as the HTTP request that it is: hands its bytes, without the wish, to the
   * server anew, in which its body and what follows on the connection are read as ever.
   */
  #serveAsItIs(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const bytes = formatWithoutUpgrade(request)
    const serve = () => {
      socket.off('error', destroy)
      socket.unshift(head)
      socket.unshift(bytes)
      this.#http.emit(this.#http instanceof TlsServer ? 'secureConnection' : 'connection', socket)
    }
    // Those before it on this connection are answered first, and Node has forgotten them.
    const before = this.#unanswered.get(socket)
    if (before === undefined) return serve()
    socket.on('error', destroy)
    before.once('close', () => socket.destroyed || serve())
  }

  /** Apart from `#upgrade`: a listener that is made there would keep the request, with its headers, for as long as the socket. */
  #leaveAtEnd(socket: Socket, ip: string): void {
    const { entrance } = this.#init
    socket.once('close', () => entrance.leave(ip))
  }
}

/** A request's head as it came, each byte as one character, but for its `Upgrade`. */
function formatWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Listens to errors of sockets. */
function destroy(this: Socket): void {
  this.destroy()
}

function refuseUpgrade(socket: Socket, { status, why, retryAfter }: Refusal): void {
  const body = `${why}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    retryAfter === undefined ? [] : `Retry-After: ${retryAfter}`
  ].flat()
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function answerRefused(response: ServerResponse, { status, why, retryAfter }: Refusal): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${why}\n`)
}

function answerFailed(response: ServerResponse): void {
  if (response.writableEnded) return
  // What has begun can't become an error any more: only its end tells the client.
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(500, { 'content-type': 'text/plain' }).end('The request failed.\n')
}

function requireUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' })
  response.end('This is a Sallyport gateway: connect by WebSocket.\n')
}
