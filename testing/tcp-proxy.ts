/**
 * A TCP proxy between clients and a gateway, for what networks do to connections: they end, they break, they break in the
 * middle of a frame, they go silent without a word to either side, or to one of both, and they stand still for a while.
 */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * How a connection is cut: both sides are told, both are told roughly, neither is told, in the middle of a frame, or half of
 * it: only the client is told, or only the gateway.
 */
export type Cut = (typeof cuts)[number]

/** @internal All ways there are. */
export const cuts = ['end', 'reset', 'silent', 'midFrame', 'clientOnly', 'gatewayOnly'] as const

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Whether nothing of the gateway's is read for the client. */
  isHeld: boolean
}

export class TcpProxy {
  readonly #server: Server
  readonly #port: number
  readonly #pairs = new Set<Pair>()
  /** Ends of connections that were cut off without a word to them. */
  readonly #silent = new Set<Socket>()
  readonly #holds = new Set<NodeJS.Timeout>()
  /** Whether new connections are refused. */
  isDown = false

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer(client => this.#accept(client))
  }

  /** Stands before a port of this machine. */
  static async open(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections that pass through. */
  get size(): number {
    return this.#pairs.size
  }

  /** Cuts all, or a share of them at random. Gives how many. */
  cut(how: Cut, share = 1): number {
    const pairs = [...this.#pairs].filter(() => Math.random() < share)
    for (const pair of pairs) this.#cut(pair, how)
    return pairs.length
  }

  /**
   * Has all clients, or a share of them at random, read nothing for so many milliseconds: what the gateway sends them waits in it,
   * once the system's buffers are full. Gives how many.
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

  #accept(client: Socket): void {
    if (this.isDown) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#port, '127.0.0.1')
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
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
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
        client.resetAndDestroy()
        server.resetAndDestroy()
        return
      case 'silent':
      case 'clientOnly':
      case 'gatewayOnly':
        this.#pairs.delete(pair)
        this.#silence(client)
        this.#silence(server)
        if (how === 'clientOnly') client.resetAndDestroy()
        if (how === 'gatewayOnly') server.resetAndDestroy()
        return
      case 'midFrame':
        // The next piece for the client is halved, and that is the end.
        server.removeAllListeners('data')
        server.once('data', chunk => {
          client.end(chunk.subarray(0, Math.ceil(chunk.length / 2)))
          server.resetAndDestroy()
        })
    }
  }

  /** Its side hears of nothing: what it writes is taken, and goes nowhere. */
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
      client.destroy()
      server.destroy()
    }
    for (const socket of this.#silent) socket.destroy()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
