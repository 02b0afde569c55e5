/**
 * The HTTP server of the gateway's port, and its upgrades to WebSockets.
 *
 * Owned by the gateway. Requests that are not upgrades go to the option `onHttpRequest`. TcpConnections
 * enforces the limits of TCP connections; UpgradePolicy decides whether an upgrade is allowed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import { AddressLimits, type AddressLimitsInit } from '../addresses/address-limits.js'
import type { ClientAddress, Credentials, HttpRequestListener } from '../options/options.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { ConnectionLimit } from './connection-limit.js'
import {
  answerFailed,
  answerRefused,
  answerUnreadable,
  destroy,
  formatWithoutUpgrade,
  hasBody,
  refuseUpgrade,
  requireUpgrade
} from './http-answers.js'
import { explainListenError } from './listen-errors.js'
import { PendingAnswers } from './pending-answers.js'
import { type TcpConnection, TcpConnections } from './tcp-connections.js'
import { readEnd, readTlsPair, type TlsFiles } from './tls.js'
import { isForWebSocket, shouldUpgradeCallback, type UpgradePolicy } from './upgrade-policy.js'
import { type ClientWebSocket, createSocketServer, type SocketServer } from './web-socket.js'

/** Subprotocols that a client may ask for, the preferred one first. */
const subprotocols = ['sallyport.json', 'pomelo']

/** Longest time that a client may take to send the headers of a request, in milliseconds. */
const longestHeaders = 60_000

/** Shortest interval at which Node checks for requests that have timed out, in milliseconds. */
const fastestCheck = 5

/**
 * Time limits of connections that are not upgraded, in milliseconds: from a response to the next request, and
 * for receiving a whole request.
 */
const httpLimits = { keepAliveTimeout: 5_000, requestTimeout: 60_000 }

/**
 * Milliseconds without traffic in either direction after which a connection that is not upgraded is closed.
 */
const longestSilence = 120_000
const maxRequestsPerSocket = 1_000
const flags = { port: '--port', host: '--host' }

/** Connections that may wait for their accept; Linux takes no more than net.core.somaxconn. */
const backlog = 4_096

export interface ListenerInit extends TlsFiles, AddressLimitsInit {
  readonly maxConnections: number
  readonly workers: number
  readonly isProduction: boolean
  readonly trustedProxies: number
  readonly host: string
  readonly port: number
  readonly maxBodyBytes: number
  /** Milliseconds until a connection without a request is closed. */
  readonly handshakeTimeout: number
  readonly log: Logger
  /** The time of day, in milliseconds since 1970. */
  readonly now: () => number
  readonly monotonic: () => number
  readonly metrics: Metrics
  readonly upgradePolicy: UpgradePolicy
  /** Answers requests that are no upgrades. If undefined, the answer is 426. */
  readonly onHttpRequest: HttpRequestListener | undefined
  /** Answers a health check, for any host name, and returns true; returns false for another request. */
  readonly answerHealth: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly onSocket: (opened: OpenedSocket, credentials: Credentials) => void
}

/** A WebSocket that has just been opened. */
export interface OpenedSocket {
  readonly webSocket: ClientWebSocket
  /** The TCP or TLS socket below the WebSocket. */
  readonly socket: Socket
  readonly address: ClientAddress
  /** The subprotocol that was agreed on with the upgrade; '' if none. */
  readonly subprotocol: string
  /**
   * The start of the handshake's timeout, by the monotonic clock: the moment at which the connection was
   * accepted, or at which the last response before the upgrade was sent.
   */
  readonly since: number
}

export class Listener {
  readonly #init: ListenerInit
  readonly #http: Server | TlsServer
  #port: number | undefined
  readonly #tcpConnections: TcpConnections
  readonly #webSockets: SocketServer
  readonly #pendingAnswers = new PendingAnswers()

  constructor(init: ListenerInit) {
    this.#init = init
    this.#webSockets = createSocketServer(init.maxBodyBytes, subprotocols)
    const { tlsCert, handshakeTimeout } = init
    const headersTimeout = Math.min(handshakeTimeout, longestHeaders)
    const connectionsCheckingInterval = Math.max(fastestCheck, Math.ceil(headersTimeout / 4))
    const limits = { ...httpLimits, headersTimeout, connectionsCheckingInterval, shouldUpgradeCallback }
    this.#http = tlsCert === '' ? createServer(limits) : createTlsServer({ ...limits, handshakeTimeout })
    this.#http.maxRequestsPerSocket = maxRequestsPerSocket
    // Node would drop headers beyond a number, and go on without them. Their bytes are limited, and enough.
    this.#http.maxHeadersCount = 0
    this.#http.timeout = longestSilence
    const isSecured = this.#http instanceof TlsServer
    const addresses = init.trustedProxies === 0 ? new AddressLimits<TcpConnection>(init) : undefined
    this.#tcpConnections = new TcpConnections({ ...init, addresses })
    this.#http.on('connection', socket => this.#tcpConnections.accept(socket, isSecured))
    this.#http.on('secureConnection', socket => this.#tcpConnections.secured(socket))
    this.#http.on('request', (request, response) => this.#answer(request, response))
    this.#http.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket))
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
  }

  /** Host and port on which it listens, or will listen. */
  get address(): { readonly host: string; readonly port: number } {
    const { host, port } = this.#init
    return { host, port: this.#port ?? port }
  }

  /** The URL for clients. */
  get url(): string {
    const { host, port } = this.address
    const scheme = this.#init.tlsCert === '' ? 'ws' : 'wss'
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** Number of TCP connections, WebSockets included. */
  get socketCount(): number {
    return this.#tcpConnections.size
  }

  /** Number of TCP connections that make no room for new ones. */
  get lastingSocketCount(): number {
    return this.#tcpConnections.lastingSize
  }

  /** The limit of TCP connections, which is final once the gateway listens. */
  get limit(): ConnectionLimit {
    return this.#tcpConnections.limit
  }

  get isListening(): boolean {
    return this.#port !== undefined
  }

  /** @throws `LISTEN_FAILED`, with the address and the reason; `TLS_INVALID`; `CLOSING` after a close */
  async listen(): Promise<void> {
    if (this.#http instanceof TlsServer)
      this.#http.setSecureContext(readTlsPair(this.#init, this.#init.now()))
    const { host, port } = this.#init
    return new Promise((resolve, reject) => {
      this.#http.once('close', () => reject(errors.closing()))
      this.#http.on('error', (error: NodeJS.ErrnoException) => {
        if (this.isListening) return this.#tcpConnections.acceptFailed(error)
        reject(errors.listenFailed(`Can't listen on ${host}:${port}: ${explainListenError(error, flags)}`))
      })
      // Exclusive: in a cluster, such as that of pm2, a second gateway would else share port and name.
      this.#http.listen({ port, host, backlog, exclusive: true }, () => {
        this.#port = (this.#http.address() as AddressInfo).port
        this.#tcpConnections.start()
        resolve()
      })
    })
  }

  /**
   * Reads certificate and key from their files again, for connections that are opened from now on.
   *
   * @throws `TLS_INVALID`, in which case the old pair stays in use; `OPTION_INVALID` if there is no
   * certificate
   */
  reloadCertificate(): void {
    if (!(this.#http instanceof TlsServer))
      throw errors.optionInvalid('There is no certificate: `tlsCert` is not set')
    const pair = readTlsPair(this.#init, this.#init.now())
    this.#http.setSecureContext(pair)
    this.#init.log.info('The certificate was read anew', { file: this.#init.tlsCert, until: readEnd(pair) })
  }

  /**
   * Stops accepting connections, closes those that are idle after a response, and refuses upgrades on the
   * others. Does not close WebSockets: Connections does.
   */
  close(): void {
    this.#init.upgradePolicy.close()
    // From Node 26 on, the HTTP server's own `close` would also close connections that have sent nothing yet.
    NetServer.prototype.close.call(this.#http)
    this.#tcpConnections.closeIdle()
  }

  /** Allows the pages of one more origin to open WebSockets. */
  allowOrigin(origin: string): void {
    this.#init.upgradePolicy.allowOrigin(origin)
  }

  /** Cuts connections that are not upgraded, with or without a pending request. */
  terminate(): void {
    this.#tcpConnections.terminate()
    this.#http.closeAllConnections()
    // Ends the HTTP server's own timer.
    this.#http.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { onHttpRequest = requireUpgrade, answerHealth, log, metrics, upgradePolicy } = this.#init
    if (request.headers.upgrade !== undefined && hasBody(request)) response.shouldKeepAlive = false
    // Node counts too, but anew after a request with an upgrade that is none.
    if (this.#tcpConnections.asked(request.socket) >= maxRequestsPerSocket) response.shouldKeepAlive = false
    response.once('close', () => this.#tcpConnections.answered(request.socket))
    this.#pendingAnswers.add(request.socket, response)
    const turnedAway = this.#tcpConnections.refusalOf(request.socket)
    // Load balancers ask by the address, not by a name of the option `hosts`.
    if (turnedAway === undefined && answerHealth(request, response)) return
    const refusal = turnedAway ?? upgradePolicy.judgeHost(request)
    if (refusal !== undefined) return answerRefused(response, refusal, metrics)
    try {
      await onHttpRequest(request, response)
    } catch (error) {
      // The query is left out, since it may hold secrets.
      const path = request.url?.split('?')[0]
      log.error('onHttpRequest failed', { method: request.method, path, error })
      answerFailed(response)
    }
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', destroy)
    this.#pendingAnswers.whenDone(socket, () => {
      if (isForWebSocket(request)) this.#openWebSocket(request, socket, head)
      else this.#serveWithoutUpgrade(request, socket, head)
    })
  }

  #openWebSocket(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { metrics, upgradePolicy } = this.#init
    const ip = upgradePolicy.addressOf(request)
    const refusal =
      this.#tcpConnections.refusalOf(socket) ??
      upgradePolicy.judgeHost(request) ??
      upgradePolicy.judgeForm(request) ??
      upgradePolicy.enter(request, socket, ip)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal, metrics)
    const address = { ip, port: socket.remotePort ?? 0 }
    let isOpen = false
    // Calls back at once, or else has refused the handshake with an answer that says why.
    this.#webSockets.handleUpgrade(request, socket, head, webSocket => {
      isOpen = true
      const { headers, url = '' } = request
      const since = this.#tcpConnections.upgraded(socket)
      const opened = { webSocket, socket, address, subprotocol: webSocket.protocol, since }
      this.#init.onSocket(opened, { headers, url })
    })
    // A client that has left while its upgrade waited has sent nothing that is wrong: ws cuts its socket.
    if (!isOpen && !socket.destroyed) metrics.count('handshakesMalformed')
  }

  /** Called when a connection has failed, or has sent what is no HTTP. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    // It has been answered already: the rest of large headers comes in chunks of its own.
    if (!socket.writable) return void socket.destroy()
    const { code = '' } = error
    // Who has left in the middle of a request has sent nothing that is wrong.
    if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE')
      this.#init.metrics.count('handshakesMalformed')
    if (this.#pendingAnswers.hasBegun(socket)) socket.destroy()
    else answerUnreadable(socket, code)
  }

  /**
   * Serves a request with an upgrade to another protocol as a plain HTTP request. Passes its bytes to the
   * server again, without the `Upgrade` header, so that its body and later requests are read as usual.
   */
  #serveWithoutUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.off('error', destroy)
    socket.unshift(head)
    socket.unshift(formatWithoutUpgrade(request))
    this.#http.emit(this.#http instanceof TlsServer ? 'secureConnection' : 'connection', socket)
  }
}
