/**
 * The HTTP server and its upgrades. What is no upgrade is the host's to answer, if it likes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import { AddressLimits, type AddressLimitsInit } from '../addresses/address-limits.js'
import type { ClientAddress, Credentials, HttpRequestListener } from '../options/options.js'
import type { Metrics } from '../telemetry/metrics.js'
import {
  answerFailed,
  answerRefused,
  destroy,
  formatWithoutUpgrade,
  refuseUpgrade,
  requireUpgrade
} from './http-answers.js'
import { type TcpConnection, TcpConnections } from './tcp-connections.js'
import { readEnd, readTlsPair, type TlsFiles } from './tls.js'
import type { UpgradePolicy } from './upgrade-policy.js'
import { type ClientWebSocket, createSocketServer, type SocketServer } from './web-socket.js'

/** Subprotocols that a client may ask for. */
const subprotocols = ['sallyport.json', 'pomelo']

/** Milliseconds that the head of a request may take at most. */
const longestHeaders = 60_000

/** Milliseconds between two looks at whose take longer, at least. */
const fastestCheck = 5

/**
 * Of connections that ask for pages. Milliseconds: from an answer to the next request, that a whole request
 * may take, and without a byte either way.
 */
const httpLimits = { keepAliveTimeout: 5_000, requestTimeout: 60_000 }
const longestSilence = 120_000
const maxRequestsPerSocket = 1_000

export interface ListenerInit extends TlsFiles, AddressLimitsInit {
  readonly maxConnections: number
  readonly trustedProxies: number
  readonly host: string
  readonly port: number
  readonly maxBodyBytes: number
  /** Milliseconds until a connection is closed that has not asked for anything. */
  readonly handshakeTimeout: number
  readonly log: Logger
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number
  readonly monotonic: () => number
  readonly metrics: Metrics
  readonly entrance: UpgradePolicy
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
  /**
   * Since when its client has been there, by the monotonic clock: its accept, or the last answer before the
   * upgrade.
   */
  readonly since: number
}

export class Listener {
  readonly #init: ListenerInit
  readonly #http: Server | TlsServer
  #port: number | undefined
  readonly #arrivals: TcpConnections
  readonly #webSockets: SocketServer
  /** The answer that a connection's newest request waits for. */
  readonly #unanswered = new WeakMap<Socket, ServerResponse>()

  constructor(init: ListenerInit) {
    this.#init = init
    this.#webSockets = createSocketServer(init.maxBodyBytes, subprotocols)
    const { tlsCert, handshakeTimeout } = init
    const headersTimeout = Math.min(handshakeTimeout, longestHeaders)
    const connectionsCheckingInterval = Math.max(fastestCheck, Math.ceil(headersTimeout / 4))
    const limits = { ...httpLimits, headersTimeout, connectionsCheckingInterval }
    this.#http = tlsCert === '' ? createServer(limits) : createTlsServer({ ...limits, handshakeTimeout })
    this.#http.maxRequestsPerSocket = maxRequestsPerSocket
    this.#http.timeout = longestSilence
    const isSecured = this.#http instanceof TlsServer
    const addresses = init.trustedProxies === 0 ? new AddressLimits<TcpConnection>(init) : undefined
    this.#arrivals = new TcpConnections({ ...init, addresses })
    this.#http.on('connection', socket => this.#arrivals.accept(socket, isSecured))
    this.#http.on('secureConnection', socket => this.#arrivals.secured(socket))
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

  /** Connections of all kinds, WebSockets among them. */
  get socketCount(): number {
    return this.#arrivals.size
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
      this.#http.on('error', (error: NodeJS.ErrnoException) => {
        if (this.isListening) return this.#arrivals.acceptFailed(error)
        const why = error.code === 'EADDRINUSE' ? 'another program listens there already' : error.message
        reject(errors.listenFailed(`Can't listen on ${host}:${port}: ${why}`))
      })
      this.#http.listen(port, host, () => {
        this.#port = (this.#http.address() as AddressInfo).port
        this.#arrivals.start()
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

  /**
   * Takes no new connections, and no upgrade of those that are there. WebSockets are their owner's to close.
   */
  close(): void {
    this.#init.entrance.close()
    this.#http.close()
    this.#http.closeIdleConnections()
  }

  /**
   * Cuts off what nobody has answered, and who has asked for nothing. An upgraded connection is not among it.
   */
  terminate(): void {
    this.#arrivals.terminate()
    this.#http.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { onHttpRequest = requireUpgrade, log, entrance } = this.#init
    this.#awaitAnswer(request.socket, response)
    const refusal = this.#arrivals.refusalOf(request.socket) ?? entrance.judgeHost(request)
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
    this.#arrivals.asked(socket)
    this.#unanswered.set(socket, response)
    response.once('close', () => {
      this.#arrivals.answered(socket)
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
    const refusal =
      this.#arrivals.refusalOf(socket) ?? entrance.judgeHost(request) ?? entrance.enter(request, socket, ip)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    const address = { ip, port: socket.remotePort ?? 0 }
    this.#webSockets.handleUpgrade(request, socket, head, webSocket => {
      const { headers, url = '' } = request
      const since = this.#arrivals.upgraded(socket)
      const opened = { webSocket, socket, address, subprotocol: webSocket.protocol, since }
      this.#init.onSocket(opened, { headers, url })
    })
  }

  /**
   * Serves what Node has taken for an upgrade as the HTTP request that it is: hands its bytes, without the
   * wish, to the server anew, in which its body and what follows on the connection are read as ever.
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
}
