/**
 * The TCP connections to the gateway's port, from their accept to their close.
 *
 * Limits their number, in all and of one address, and their time without a request. At the limit in all, a
 * connection that waits for a request is closed to make room. At the limit of one address, only a connection
 * that waits for its second or a later request is closed. Owned by the listener.
 *
 *   waiting ⇄ answering     waiting: for a request, the first one or the next
 *     ├──▶ upgraded         upgraded: it has become a WebSocket, and belongs to its Connection
 *     └──▶ over ◀── all
 */
import type { Socket } from 'node:net'
import type { AddressLimits, HttpRefusal } from '../addresses/address-limits.js'
import { normalizeAddress } from '../addresses/client-address.js'
import { StallMeter } from '../limits/stall-meter.js'
import type { Metrics } from '../telemetry/metrics.js'
import { ConnectionLimit, type ConnectionLimitInit } from './connection-limit.js'
import { WaitingSockets } from './waiting-sockets.js'

export interface TcpConnectionsInit extends ConnectionLimitInit {
  /** Milliseconds that a connection may wait for a request, from its accept or its last response. */
  readonly handshakeTimeout: number
  /** Limits per client address. Undefined behind proxies, where only a request tells the address. */
  readonly addresses: AddressLimits<TcpConnection> | undefined
  readonly metrics: Metrics
}

export interface TcpConnection {
  /** With TLS, the raw socket until the TLS handshake is completed, then the decrypted one. */
  socket: Socket
  readonly address: string
  state: 'waiting' | 'answering' | 'upgraded' | 'over'
  /** Number of requests that are not answered yet. */
  unanswered: number
  /** Number of its requests so far. */
  requests: number
  /** Whether a request was answered. */
  wasAnswered: boolean
  /** The start of its present wait, by a clock that leaves out stalls of the process. */
  since: number
  /** Set if the connection exceeds a limit. It is kept only until it gets this response. */
  refusal: HttpRefusal | undefined
}

/** Connections beyond the limits that are kept to get a response. Further ones are closed without one. */
const maxRefused = 16

/** Milliseconds that such a connection has to send a request. */
const refusedTimeout = 1_000

/** Longest and shortest interval between two checks for timeouts, in milliseconds. */
const longestInterval = 500
const shortestInterval = 5

export class TcpConnections {
  readonly #init: TcpConnectionsInit
  /** All connections by their sockets, except upgraded ones, which are many and never looked up. */
  readonly #bySocket = new WeakMap<Socket, TcpConnection>()
  /** The connections in their TLS handshake, by their two ends: they have no decrypted socket yet. */
  readonly #byEnds = new Map<string, TcpConnection>()
  readonly #waiting = new WaitingSockets<TcpConnection>()
  readonly #answering = new Set<TcpConnection>()
  readonly #refused = new Set<TcpConnection>()
  /** The limit of all connections. */
  readonly limit: ConnectionLimit
  #count = 0
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  readonly #stalls: StallMeter
  /** Whether stalls are measured: a connection waits. */
  #measures = false
  #forgiven = 0

  constructor(init: TcpConnectionsInit) {
    this.#init = init
    this.limit = new ConnectionLimit(init)
    this.#interval = Math.max(shortestInterval, Math.min(longestInterval, init.handshakeTimeout / 4))
    this.#stalls = new StallMeter(this.#interval)
  }

  /** Number of all connections, WebSockets included. */
  get size(): number {
    return this.#count + this.#refused.size
  }

  /** Number of connections that make no room for new ones, as those that wait for a request do. */
  get lastingSize(): number {
    return this.#count - this.#waiting.size
  }

  /**
   * Starts to enforce the limits. Called after the port and all other files are open, to count the free
   * files.
   */
  start(): void {
    this.limit.start()
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  /**
   * Adds an accepted connection, or closes it at a limit. If `isSecured`, its requests will come from another
   * socket: see `secured`.
   */
  accept(socket: Socket, isSecured: boolean): void {
    if (this.#bySocket.has(socket)) return
    const address = normalizeAddress(socket.remoteAddress ?? '')
    // The client has closed it already.
    if (address === undefined) return void socket.destroy()
    const { addresses, monotonic } = this.#init
    const tooFast = addresses?.judgeRate(address, monotonic())
    if (tooFast !== undefined) {
      addresses!.tell(address, tooFast)
      return this.#turnAway(socket)
    }
    const refusal = this.#judgeNumber(address)
    if (refusal !== undefined && this.#refused.size >= maxRefused) return this.#turnAway(socket)
    const since = this.#time()
    const fresh = { state: 'waiting', unanswered: 0, requests: 0, wasAnswered: false } as const
    const connection: TcpConnection = { socket, address, refusal, since, ...fresh }
    this.#bySocket.set(socket, connection)
    this.#add(connection)
    socket.once('close', () => this.#remove(connection))
    if (!isSecured) return
    const ends = describeEnds(socket)
    this.#byEnds.set(ends, connection)
    socket.once('close', () => this.#byEnds.get(ends) === connection && this.#byEnds.delete(ends))
  }

  /** Notes that the TLS handshake is completed: from now on this is the connection's socket. */
  secured(socket: Socket): void {
    if (this.#bySocket.has(socket)) return
    const ends = describeEnds(socket)
    const connection = this.#byEnds.get(ends)
    // The connection was turned away, but completed the TLS handshake before its close was noticed.
    if (connection === undefined) return void socket.destroy()
    this.#byEnds.delete(ends)
    connection.socket = socket
    this.#bySocket.set(socket, connection)
    if (connection.state === 'over') socket.destroy()
  }

  /** Returns the refusal of every request on this connection; undefined if its requests are served. */
  refusalOf(socket: Socket): HttpRefusal | undefined {
    return this.#bySocket.get(socket)?.refusal
  }

  /** Notes a request that is no upgrade. Returns how many there were on its connection. */
  asked(socket: Socket): number {
    const connection = this.#bySocket.get(socket)
    if (connection === undefined || connection.state === 'over') return 0
    connection.unanswered++
    connection.requests++
    if (connection.state === 'waiting') {
      this.#waiting.delete(connection)
      connection.state = 'answering'
      this.#answering.add(connection)
    }
    return connection.requests
  }

  /** Notes that a request was answered. The time for the next one begins. */
  answered(socket: Socket): void {
    const connection = this.#bySocket.get(socket)
    if (connection?.state !== 'answering' || --connection.unanswered > 0) return
    this.#answering.delete(connection)
    connection.state = 'waiting'
    connection.wasAnswered = true
    connection.since = this.#time()
    if (connection.refusal === undefined) this.#waiting.add(connection)
  }

  /**
   * Notes that the connection has become a WebSocket. Returns the start of its handshake's timeout, by the
   * monotonic clock.
   */
  upgraded(socket: Socket): number {
    const connection = this.#bySocket.get(socket)
    if (connection === undefined) return this.#init.monotonic()
    this.#bySocket.delete(socket)
    this.#waiting.delete(connection)
    this.#answering.delete(connection)
    if (connection.state !== 'over') connection.state = 'upgraded'
    return connection.since + this.#forgiven
  }

  /** Closes a waiting connection after an accept has failed, most likely because no file was left for it. */
  acceptFailed(error: Error): void {
    this.#init.metrics.count('acceptErrors')
    this.limit.tell(this.#count, error.message)
    this.#displaceAny()
  }

  /** Closes the connections that are idle after a response: their clients can connect elsewhere. */
  closeIdle(): void {
    for (const { wasAnswered, socket } of this.#waiting.all()) if (wasAnswered) socket.destroy()
  }

  /** Closes all connections that have not become WebSockets. */
  terminate(): void {
    clearInterval(this.#timer)
    for (const connections of [this.#waiting.all(), this.#answering, this.#refused])
      for (const { socket } of connections) socket.destroy()
  }

  #judgeNumber(address: string): HttpRefusal | undefined {
    const { addresses } = this.#init
    const refusal = addresses?.judgeNumber(address)
    if (refusal !== undefined && !this.#displaceIdle(address)) {
      addresses!.tell(address, refusal)
      return refusal
    }
    if (this.#count < this.limit.most) return undefined
    this.limit.tell(this.#count)
    if (this.#displaceAny()) return undefined
    const why = 'The gateway has reached its limit of connections.'
    return { status: 503, why, retryAfter: 1_000, metric: 'connectionsLimited' }
  }

  /** Closes a connection without a response, since there is no request yet to respond to. */
  #turnAway(socket: Socket): void {
    this.#init.metrics.count('socketsRefused')
    socket.destroy()
  }

  /** Closes a connection of this address that is idle after a response: its client can connect again. */
  #displaceIdle(address: string): boolean {
    for (const connection of this.#init.addresses!.of(address))
      if (connection.state === 'waiting' && connection.wasAnswered) return this.#displace(connection)
    return false
  }

  #displaceAny(): boolean {
    const greediest = this.#waiting.findGreediest()
    return greediest !== undefined && this.#displace(greediest)
  }

  #displace(connection: TcpConnection): true {
    this.#init.metrics.count('socketsDisplaced')
    this.#remove(connection)
    connection.socket.destroy()
    return true
  }

  #add(connection: TcpConnection): void {
    if (connection.refusal !== undefined) {
      this.#refused.add(connection)
      return
    }
    this.#count++
    this.#init.addresses?.add(connection.address, connection)
    this.#waiting.add(connection)
  }

  /** Removes a connection. Does nothing after the first call. */
  #remove(connection: TcpConnection): void {
    const { state } = connection
    if (state === 'over') return
    connection.state = 'over'
    this.#answering.delete(connection)
    if (this.#refused.delete(connection)) return
    this.#waiting.delete(connection)
    this.#count--
    this.#init.addresses?.remove(connection.address, connection)
  }

  /** Returns the monotonic time less all stalls of the process, since no socket is read during a stall. */
  #time(): number {
    const now = this.#init.monotonic()
    if (!this.#measures) this.#stalls.begin(now)
    this.#measures = true
    return now - this.#forgiven
  }

  #look(): void {
    const { monotonic, handshakeTimeout } = this.#init
    this.#measures = this.#waiting.size > 0 || this.#refused.size > 0
    if (!this.#measures) return
    this.#forgiven += this.#stalls.look(monotonic())
    this.#end(this.#waiting.all(), handshakeTimeout)
    this.#end(this.#refused, Math.min(handshakeTimeout, refusedTimeout))
  }

  #end(connections: Iterable<TcpConnection>, timeout: number): void {
    const now = this.#time()
    for (const { since, socket } of connections) {
      if (now - since < timeout) return
      this.#init.metrics.count('socketsUnfinished')
      socket.destroy()
    }
  }
}

/** Returns a key that identifies an open connection by its two ends. */
function describeEnds({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
