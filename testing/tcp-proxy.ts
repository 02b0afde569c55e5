/**
 * A TCP proxy between clients and a gateway, which simulates network faults. It can end or reset connections,
 * reset them in the middle of a frame, silence them for both sides or for one, and pause them for a while.
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { destroy, reset } from './resets.js'

/**
 * A way to cut a connection. `end`: both sides get an orderly end. `reset`: both get a TCP reset. `silent`:
 * neither side is told, and no more data passes. `midFrame`: half of the next chunk reaches the client.
 * `clientOnly`, `gatewayOnly`: a reset for one side, silence for the other.
 */
export type Cut = (typeof cuts)[number]

/** All ways to cut a connection. */
export const cuts = ['end', 'reset', 'silent', 'midFrame', 'clientOnly', 'gatewayOnly'] as const

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Whether data from the gateway is held back from the client. */
  isHeld: boolean
}

export class TcpProxy {
  readonly #server: Server
  /** The port that new connections go to. */
  port: number
  readonly #host: string
  readonly #pairs = new Set<Pair>()
  /** Sockets of connections that were silenced. */
  readonly #silent = new Set<Socket>()
  readonly #holds = new Set<NodeJS.Timeout>()
  /** Those who wait until no connection passes data. */
  readonly #waiting: (() => void)[] = []
  /** Whether new connections are reset. */
  isDown = false

  private constructor(port: number, host: string) {
    this.port = port
    this.#host = host
    this.#server = createServer(client => this.#accept(client))
  }

  /** Opens a proxy on a free port of 127.0.0.1, in front of a port of this machine. */
  static async open(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy(port, host)
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Number of connections that pass data. */
  get size(): number {
    return this.#pairs.size
  }

  /** The ports of this side of the connections to the gateway. */
  get ports(): number[] {
    return [...this.#pairs].flatMap(({ server }) => server.localPort ?? [])
  }

  /** Cuts all connections, or a random share of them. Returns how many were cut. */
  cut(how: Cut, share = 1): number {
    const pairs = [...this.#pairs].filter(() => Math.random() < share)
    for (const pair of pairs) this.#cut(pair, how)
    return pairs.length
  }

  /**
   * Stops all clients, or a random share of them, from reading for `ms` milliseconds. Once the system's
   * buffers are full, frames for them wait in the gateway. Returns how many clients were stopped.
   */
  hold(ms: number, share = 1): number {
    const pairs = [...this.#pairs].filter(pair => !pair.isHeld && Math.random() < share)
    for (const pair of pairs) {
      pair.isHeld = true
      pair.server.pause()
    }
    const timer = setTimeout(() => {
      this.#holds.delete(timer)
      for (const pair of pairs) {
        pair.isHeld = false
        pair.server.resume()
      }
    }, ms)
    this.#holds.add(timer)
    return pairs.length
  }

  /** Resolves once no connection passes data. */
  ended(): Promise<void> {
    return new Promise(resolve => {
      if (this.#pairs.size === 0) resolve()
      else this.#waiting.push(resolve)
    })
  }

  #forget(pair: Pair): void {
    this.#pairs.delete(pair)
    if (this.#pairs.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #accept(client: Socket): void {
    if (this.isDown) {
      reset(client)
      return
    }
    const server = connect(this.port, this.#host)
    const pair: Pair = { client, server, isHeld: false }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, server],
      [server, client]
    ] as const) {
      from.setNoDelay()
      from.on('data', chunk => {
        if (!to.write(chunk)) from.pause()
      })
      to.on('drain', () => {
        if (from === client || !pair.isHeld) from.resume()
      })
      from.on('end', () => to.end())
      from.on('error', () => destroy(to))
      from.on('close', () => {
        destroy(to)
        this.#forget(pair)
      })
    }
  }

  #cut(pair: Pair, how: Cut): void {
    const { client, server } = pair
    switch (how) {
      case 'end':
        client.end()
        server.end()
        return
      case 'reset':
        reset(client)
        reset(server)
        return
      case 'silent':
      case 'clientOnly':
      case 'gatewayOnly':
        this.#forget(pair)
        this.#silence(client)
        this.#silence(server)
        if (how === 'clientOnly') reset(client)
        if (how === 'gatewayOnly') reset(server)
        return
      case 'midFrame':
        // Sends half of the next chunk to the client, then ends the connection.
        server.removeAllListeners('data')
        server.once('data', chunk => {
          client.end(chunk.subarray(0, Math.ceil(chunk.length / 2)))
          reset(server)
        })
    }
  }

  /** Detaches a socket: reads and discards all that its peer writes, and tells the peer nothing. */
  #silence(socket: Socket): void {
    for (const event of ['data', 'close', 'end', 'error']) socket.removeAllListeners(event)
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.resume()
    this.#silent.add(socket)
    socket.on('close', () => this.#silent.delete(socket))
  }

  close(): Promise<void> {
    for (const timer of this.#holds) clearTimeout(timer)
    for (const { client, server } of this.#pairs) {
      destroy(client)
      destroy(server)
    }
    for (const socket of this.#silent) destroy(socket)
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
