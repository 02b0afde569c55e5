/**
 * All open connections of a gateway, and the one clock that checks them. Owned by the gateway, from its start
 * to its close. Leaves the life of a single connection to connection.ts.
 */

import type { Socket } from 'node:net'
import { type CloseCode, closeCodes, formatComeBack } from '../../shared/close-codes.js'
import { withTimeout } from '../../shared/with-timeout.js'
import type { OpenedSocket } from '../http/listener.js'
import { limitMessages } from '../http/web-socket.js'
import { StallMeter } from '../limits/stall-meter.js'
import type { Credentials } from '../options/options.js'
import { describeClose } from './close-reason.js'
import { Connection } from './connection.js'
import type { ConnectionParts } from './connection-parts.js'
import { UnrulyClients } from './unruly-clients.js'

/** Longest and shortest interval of the clock, in milliseconds. */
const longestInterval = 1_000
const shortestInterval = 5

/** Milliseconds that clients have to answer the close of their connection. */
const closeGrace = 500

/** Number of batches in which a drain closes connections. */
const batches = 20

export class Connections {
  readonly #parts: ConnectionParts
  /** With their sockets. */
  readonly #open = new Map<Connection, Socket>()
  readonly #interval: number
  readonly #timer: NodeJS.Timeout
  readonly #stalls: StallMeter
  /** With what the gateway has closed connections: their clients may answer with another code, or none. */
  readonly #closes = new WeakMap<Connection, { readonly code: CloseCode; readonly reason: string }>()
  readonly #unruly: UnrulyClients
  #onEmpty: (() => void) | undefined

  constructor(parts: Omit<ConnectionParts, 'onClosing' | 'onClose' | 'trafficLimits'>) {
    const { heartbeat, handshakeTimeout, maxPause, resumeWindow, unboundResumeWindow } = parts.options
    const { monotonic, maxBodyBytes, maxFramesPerSecond } = parts.options
    const { maxPayload: maxMessageBytes } = limitMessages(maxBodyBytes)
    this.#parts = {
      ...parts,
      trafficLimits: { maxFramesPerSecond, maxMessageBytes },
      onClosing: (closing, code, reason) => this.#closing(closing, code, reason),
      onClose: (closed, code) => this.#remove(closed, code)
    }
    const windows = [resumeWindow, unboundResumeWindow, heartbeat].map(ms => ms || longestInterval)
    const intervals = [handshakeTimeout, maxPause, ...windows]
    const shortest = Math.min(...intervals) / 4
    this.#interval = Math.min(longestInterval, Math.max(shortestInterval, shortest))
    this.#unruly = new UnrulyClients(parts.options)
    this.#stalls = new StallMeter(this.#interval)
    this.#stalls.begin(monotonic())
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  get size(): number {
    return this.#open.size
  }

  /** Bytes that wait to be sent, as each connection has told the budget last: at its last flush. */
  get sendBytesWaiting(): number {
    return this.#parts.budget.bytes
  }

  open(opened: OpenedSocket, credentials: Credentials): void {
    this.#parts.metrics.count('connectionsOpened')
    for (const watcher of this.#parts.watchers) watcher.connectionOpened(opened.address)
    this.#open.set(new Connection(opened, this.#parts, credentials), opened.socket)
  }

  /**
   * Closes at once every connection that has no session yet, even in the middle of its handshake or
   * authentication. Clients are told to come back within `spread` milliseconds. No session begins after that.
   * Called when the gateway starts to drain.
   */
  turnAway(spread: number): void {
    const handshaking = [...this.#open.keys()].filter(each => each.isHandshaking)
    this.#forEach(handshaking, connection => endForRestart(connection, spread))
  }

  /**
   * Closes all connections, in batches over `spread` milliseconds. Each client is told how long to wait
   * before it comes back, so that they do not all reconnect at the same moment.
   */
  async sendAway(spread: number): Promise<void> {
    if (spread > 0) await this.#sendAll([...this.#open.keys()], spread)
  }

  /**
   * Does the same for the clients that can resume their sessions, which go on at another gateway: from now on
   * sessions are kept when they are sent away.
   */
  async sendOn(spread: number): Promise<void> {
    this.#parts.resumption.goOn()
    await this.#sendAll(
      [...this.#open.keys()].filter(each => each.connectionSession.canResume),
      spread
    )
  }

  async #sendAll(all: readonly Connection[], spread: number): Promise<void> {
    const size = spread === 0 ? all.length : Math.ceil(all.length / batches)
    for (let i = 0; i < all.length; i += size) {
      this.#forEach(all.slice(i, i + size), connection => endForRestart(connection, spread))
      if (spread > 0) await new Promise(resolve => setTimeout(resolve, spread / batches))
    }
  }

  /**
   * Closes all connections. A client has `closeGrace` to answer, and again whenever it has sent something or
   * has taken something of what was sent to it: a slow reader loses nothing. Those that do neither are cut,
   * and all that are left after `ms` milliseconds, or `closeGrace` if that is longer. Resolves after that.
   */
  async close(ms: number): Promise<void> {
    this.#forEach(this.#open.keys(), connection =>
      connection.close(closeCodes.restart, 'the gateway is closing')
    )
    const empty = new Promise<void>(resolve => (this.#onEmpty = resolve))
    if (this.#open.size === 0) return
    const progress = new Map<Connection, number>()
    for (let left = Math.max(ms, closeGrace); left > 0; left -= closeGrace) {
      for (const [connection, socket] of this.#open) progress.set(connection, progressOf(socket))
      if (await withTimeout(Math.min(left, closeGrace), empty)) return
      this.#cut(([connection, socket]) => progress.get(connection) === progressOf(socket))
    }
    this.#cut(() => true)
  }

  #cut(isDue: (entry: [Connection, Socket]) => boolean): void {
    const due = [...this.#open].filter(isDue).map(([connection]) => connection)
    this.#forEach(due, connection => connection.terminate())
  }

  /** Ends the looks at the clock. Sessions that wait for their clients do not end by themselves any more. */
  stopClock(): void {
    clearInterval(this.#timer)
  }

  /** Isolates connections from each other: an exception cuts only the connection that caused it. */
  #forEach(connections: Iterable<Connection>, act: (connection: Connection) => void): void {
    for (const connection of connections) {
      try {
        act(connection)
      } catch (error) {
        this.#parts.options.log.error('A connection failed, and is cut', { ip: connection.address.ip, error })
        connection.terminate()
      }
    }
  }

  /** Called when the gateway closes a connection, before its session is left. */
  #closing(connection: Connection, code: CloseCode, reason: string): void {
    const { address, connectionSession } = connection
    this.#closes.set(connection, { code, reason })
    this.#unruly.tell(code, address.ip, connectionSession.session, reason)
    const { authentication, options } = this.#parts
    if (code === closeCodes.handshakeTimeout && connectionSession.asked !== undefined)
      authentication.unanswered(connectionSession.asked, options.handshakeTimeout)
  }

  /** Called after the socket has closed. `clientCode`: the close code of the client; 1006 if none came. */
  #remove(connection: Connection, clientCode: number): void {
    const { metrics, watchers } = this.#parts
    metrics.count('connectionsClosed')
    const close = this.#closes.get(connection)
    const { code, reason } = close ?? { code: clientCode, reason: describeClose(clientCode) }
    for (const watcher of watchers) watcher.connectionClosed(connection.address, code, reason)
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  #look(): void {
    const { options, timeLimits } = this.#parts
    const now = options.monotonic()
    // After a stall of the process, clients do not count as silent, since their sockets were not read.
    const forgiven = this.#stalls.look(now)
    timeLimits.look()
    this.#forEach(this.#open.keys(), connection => {
      if (forgiven > 0) connection.forgive(forgiven)
      connection.look(now)
    })
    this.#parts.resumption.look(now, forgiven)
    this.#parts.registry.tick()
  }
}

/** Returns a number that rises when the client sends something, or takes something of what is written. */
function progressOf({ bytesRead, writableLength }: Socket): number {
  return bytesRead - writableLength
}

function endForRestart(connection: Connection, spread: number): void {
  connection.end(closeCodes.restart, `restart, ${formatComeBack(Math.random() * spread)}`)
}
