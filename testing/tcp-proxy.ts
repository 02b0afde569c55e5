/**
 * A TCP proxy between clients and a gateway, for what networks do to connections: they end, they break, they break in the
 * middle of a frame, and they go silent without a word to either side.
 */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How a connection is cut: both sides are told, both are told roughly, neither is told, or in the middle of a frame. */
export type Cut = 'end' | 'reset' | 'silent' | 'midFrame'

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

export class TcpProxy {
  readonly #server: Server
  readonly #port: number
  readonly #pairs = new Set<Pair>()
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

  #accept(client: Socket): void {
    if (this.isDown) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#port, '127.0.0.1')
    const pair = { client, server }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, server],
      [server, client]
    ] as const) {
      from.setNoDelay()
      from.on('data', chunk => {
        if (!to.write(chunk)) from.pause()
      })
      to.on('drain', () => from.resume())
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
        // Neither side hears of it: what is written is taken, and goes nowhere.
        this.#pairs.delete(pair)
        for (const socket of [client, server]) {
          socket.removeAllListeners('data')
          socket.removeAllListeners('close')
          socket.removeAllListeners('end')
          socket.on('data', () => {})
          socket.resume()
          this.#silent.add(socket)
          socket.on('close', () => this.#silent.delete(socket))
        }
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

  readonly #silent = new Set<Socket>()

  close(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    for (const socket of this.#silent) socket.destroy()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
