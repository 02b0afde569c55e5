/**
 * The TCP connections to the gateway's port, from their accept to their close: how many there may be, in all
 * and of one address, and how long one may take until it asks for something. Those that have nothing asked
 * for yet, or have been answered, make room for others.
 *
 *   waiting ⇄ answering     waiting: for a request, the first one or the next
 *     ├──▶ upgraded         upgraded: it has become a WebSocket, and is its Connection's
 *     └──▶ over ◀── all
 */
import type { Socket } from 'node:net'
import type { Logger } from '../../shared/text/log.js'
import type { AddressLimits, HttpRefusal } from '../addresses/address-limits.js'
import { normalizeAddress } from '../addresses/client-address.js'
import { countFreeSockets } from '../limits/open-files.js'
import type { Metrics } from '../telemetry/metrics.js'
import { SeldomWarning } from '../telemetry/seldom-warning.js'
import { WaitingSockets } from './waiting-sockets.js'

export interface TcpConnectionsInit {
  /** 0: any number. */
  readonly maxConnections: number
  /**
   * Milliseconds until a connection is closed that has not asked for anything, from its accept or its last
   * answer.
   */
  readonly handshakeTimeout: number
  /** Undefined: proxies stand in front, and whose a connection is will only be seen when it asks. */
  readonly addresses: AddressLimits<TcpConnection> | undefined
  readonly metrics: Metrics
  readonly log: Logger
  readonly monotonic: () => number
}

export interface TcpConnection {
  /** With TLS the encrypted one, until its handshake is done. */
  socket: Socket
  readonly address: string
  state: 'waiting' | 'answering' | 'upgraded' | 'over'
  /** Requests that were not answered yet. */
  unanswered: number
  /** Whether one was. */
  wasAnswered: boolean
  /** When its time began, by a clock without the moments in which the process stood still. */
  since: number
  /** It is one too many, and there only to be told so. */
  refusal: HttpRefusal | undefined
}

/**
 * Connections beyond the limits that are kept to be told so when they ask; others are closed without a word.
 */
const maxRefused = 16

/** Milliseconds that those have to ask. */
const refusedTimeout = 1_000

/** Milliseconds between two looks, at most and at least. */
const slowestLook = 500
const fastestLook = 5

export class TcpConnections {
  readonly #init: TcpConnectionsInit
  /** Not those that are upgraded: they are many, and never looked for. */
  readonly #bySocket = new WeakMap<Socket, TcpConnection>()
  /** While TLS is agreed on the socket above is not known: by the two ends. */
  readonly #byEnds = new Map<string, TcpConnection>()
  readonly #waiting = new WaitingSockets<TcpConnection>()
  readonly #answering = new Set<TcpConnection>()
  readonly #refused = new Set<TcpConnection>()
  readonly #full: SeldomWarning
  #count = 0
  /** Connections that there may be, and by what. */
  #most = { connections: Number.POSITIVE_INFINITY, by: 'maxConnections' }
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  /** Undefined while nobody waits. */
  #lookedAt: number | undefined
  #forgiven = 0

  constructor(init: TcpConnectionsInit) {
    this.#init = init
    this.#full = new SeldomWarning('There are as many connections as there may be', init)
    this.#interval = Math.max(fastestLook, Math.min(slowestLook, init.handshakeTimeout / 4))
  }

  /** All that are there, WebSockets included. */
  get size(): number {
    return this.#count + this.#refused.size
  }

  /** To be called when the port is open, and all else that takes files is there. */
  start(): void {
    const { maxConnections } = this.#init
    const files = countFreeSockets() ?? Number.POSITIVE_INFINITY
    const connections = maxConnections || Number.POSITIVE_INFINITY
    this.#most =
      files < connections
        ? { connections: files, by: 'the open files that a process may have (ulimit -n)' }
        : { connections, by: 'maxConnections' }
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  /** A connection was accepted. `isSecured`: what is spoken on it will come by another socket, `secured`. */
  accept(socket: Socket, isSecured: boolean): void {
    if (this.#bySocket.has(socket)) return
    const address = normalizeAddress(socket.remoteAddress ?? '')
    // It is gone again.
    if (address === undefined) return void socket.destroy()
    const { addresses, monotonic } = this.#init
    if (addresses?.judgeRate(address, monotonic()) !== undefined) return this.#turnAway(socket)
    const refusal = this.#judgeNumber(address)
    if (refusal !== undefined && this.#refused.size >= maxRefused) return this.#turnAway(socket)
    const since = this.#time()
    const arrival: TcpConnection = {
      socket,
      address,
      refusal,
      since,
      state: 'waiting',
      unanswered: 0,
      wasAnswered: false
    }
    this.#bySocket.set(socket, arrival)
    this.#add(arrival)
    socket.once('close', () => this.#remove(arrival))
    if (!isSecured) return
    const ends = describeEnds(socket)
    this.#byEnds.set(ends, arrival)
    socket.once('close', () => this.#byEnds.get(ends) === arrival && this.#byEnds.delete(ends))
  }

  /** TLS was agreed on: from now on this is the connection's socket. */
  secured(socket: Socket): void {
    if (this.#bySocket.has(socket)) return
    const ends = describeEnds(socket)
    const arrival = this.#byEnds.get(ends)
    // It was one too many, and has come so far before its end was seen.
    if (arrival === undefined) return void socket.destroy()
    this.#byEnds.delete(ends)
    arrival.socket = socket
    this.#bySocket.set(socket, arrival)
    if (arrival.state === 'over') socket.destroy()
  }

  /** Why nothing of this connection is served. */
  refusalOf(socket: Socket): HttpRefusal | undefined {
    const refusal = this.#bySocket.get(socket)?.refusal
    if (refusal !== undefined) this.#init.metrics.count('connectionsRefused')
    return refusal
  }

  /** A request came that is no upgrade. */
  asked(socket: Socket): void {
    const arrival = this.#bySocket.get(socket)
    if (arrival === undefined || arrival.state === 'over') return
    arrival.unanswered++
    if (arrival.state !== 'waiting') return
    this.#waiting.delete(arrival)
    arrival.state = 'answering'
    this.#answering.add(arrival)
  }

  /** It was answered: the time for the next one begins. */
  answered(socket: Socket): void {
    const arrival = this.#bySocket.get(socket)
    if (arrival?.state !== 'answering' || --arrival.unanswered > 0) return
    this.#answering.delete(arrival)
    arrival.state = 'waiting'
    arrival.wasAnswered = true
    arrival.since = this.#time()
    if (arrival.refusal === undefined) this.#waiting.add(arrival)
  }

  /** It is a WebSocket now. Returns since when its client has been there. */
  upgraded(socket: Socket): number {
    const arrival = this.#bySocket.get(socket)
    if (arrival === undefined) return this.#init.monotonic()
    this.#bySocket.delete(socket)
    this.#waiting.delete(arrival)
    this.#answering.delete(arrival)
    if (arrival.state !== 'over') arrival.state = 'upgraded'
    return arrival.since + this.#forgiven
  }

  /**
   * A connection could not be accepted, most likely since there is no file left for it: those that wait make
   * room.
   */
  acceptFailed(error: Error): void {
    this.#init.metrics.count('acceptErrors')
    this.#full.tell({ connections: this.#count, by: error.message })
    this.#displaceAny()
  }

  /** Closes all that have not become WebSockets. */
  terminate(): void {
    clearInterval(this.#timer)
    for (const arrivals of [this.#waiting.all(), this.#answering, this.#refused])
      for (const { socket } of arrivals) socket.destroy()
  }

  #judgeNumber(address: string): HttpRefusal | undefined {
    const refusal = this.#init.addresses?.judgeNumber(address)
    if (refusal !== undefined && !this.#displaceIdle(address)) return refusal
    if (this.#count < this.#most.connections) return undefined
    this.#full.tell({ connections: this.#count, by: this.#most.by })
    if (this.#displaceAny()) return undefined
    return { status: 503, why: 'The gateway has as many connections as it may have.', retryAfter: 1_000 }
  }

  /** There is nothing yet that could be answered. */
  #turnAway(socket: Socket): void {
    this.#init.metrics.count('socketsRefused')
    socket.destroy()
  }

  /**
   * Of this address the one that was answered, and has asked for nothing since: its client can come again.
   */
  #displaceIdle(address: string): boolean {
    for (const arrival of this.#init.addresses!.of(address))
      if (arrival.state === 'waiting' && arrival.wasAnswered) return this.#displace(arrival)
    return false
  }

  #displaceAny(): boolean {
    const greediest = this.#waiting.findGreediest()
    return greediest !== undefined && this.#displace(greediest)
  }

  #displace(arrival: TcpConnection): true {
    this.#init.metrics.count('socketsDisplaced')
    this.#remove(arrival)
    arrival.socket.destroy()
    return true
  }

  #add(arrival: TcpConnection): void {
    if (arrival.refusal !== undefined) {
      this.#refused.add(arrival)
      return
    }
    this.#count++
    this.#init.addresses?.add(arrival.address, arrival)
    this.#waiting.add(arrival)
  }

  /** Once for each. */
  #remove(arrival: TcpConnection): void {
    const { state } = arrival
    if (state === 'over') return
    arrival.state = 'over'
    this.#answering.delete(arrival)
    if (this.#refused.delete(arrival)) return
    this.#waiting.delete(arrival)
    this.#count--
    this.#init.addresses?.remove(arrival.address, arrival)
  }

  /** What passes while the process stands still is nobody's time: nothing was read meanwhile. */
  #time(): number {
    const now = this.#init.monotonic()
    this.#lookedAt ??= now
    return now - this.#forgiven
  }

  #look(): void {
    const { monotonic, handshakeTimeout } = this.#init
    if (this.#waiting.isEmpty && this.#refused.size === 0) {
      this.#lookedAt = undefined
      return
    }
    const now = monotonic()
    const stalled = now - (this.#lookedAt ?? now) - this.#interval
    this.#lookedAt = now
    if (stalled > this.#interval) this.#forgiven += stalled
    this.#end(this.#waiting.all(), handshakeTimeout)
    this.#end(this.#refused, Math.min(handshakeTimeout, refusedTimeout))
  }

  #end(arrivals: Iterable<TcpConnection>, timeout: number): void {
    const now = this.#time()
    for (const { since, socket } of arrivals) {
      if (now - since < timeout) return
      this.#init.metrics.count('socketsUnfinished')
      socket.destroy()
    }
  }
}

/** Names a connection as long as it is there. */
function describeEnds({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
