/**
 * A TCP balancer: each new connection goes to the next place in turn that accepts one.
 *
 * A place whose port refuses connections is passed over: a gateway that drains has closed its listener, and a
 * gateway that has ended has none. So nobody has to tell the balancer.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A port that accepts connections. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** Milliseconds that a place has to accept a connection. */
const longestConnect = 1_000

export class Balancer {
  readonly #server: Server
  readonly #places: () => readonly Place[]
  readonly #sockets = new Set<Socket>()
  #next = 0

  private constructor(places: () => readonly Place[]) {
    this.#places = places
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
      this.#keep(client)
      void this.#accept(client)
    })
  }

  /**
   * Opens a balancer on a port of this machine. `places` is called for each connection.
   *
   * @throws if the port is taken
   */
  static async open(port: number, places: () => readonly Place[]): Promise<Balancer> {
    const balancer = new Balancer(places)
    balancer.#server.listen(port, '127.0.0.1')
    await once(balancer.#server, 'listening')
    // The system can't accept a connection, for example because too many files are open: others come later.
    balancer.#server.on('error', () => {})
    return balancer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts all connections, and accepts no more. */
  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  /** Connects a client to the next place that accepts it; resets it if there is none. */
  async #accept(client: Socket): Promise<void> {
    const places = this.#places()
    const first = this.#next++
    for (let tried = 0; tried < places.length; tried++) {
      const server = await connectTo(places[(first + tried) % places.length]!)
      if (server === undefined) continue
      this.#keep(server)
      if (client.destroyed) server.destroy()
      else join(client, server)
      return
    }
    client.resetAndDestroy()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

/** Passes all data both ways, and each end or reset. */
function join(client: Socket, server: Socket): void {
  for (const [from, to] of [
    [client, server],
    [server, client]
  ] as const) {
    from.setNoDelay()
    from.pipe(to)
    // Node leaks a socket that it resets while the system shuts it down.
    from.on('error', () => (to.writableEnded ? to.destroy() : to.resetAndDestroy()))
    from.on('close', () => to.destroySoon())
  }
}

/** Resolves to a connection; undefined if there is none in time. */
function connectTo({ host, port }: Place): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, allowHalfOpen: true })
    const timer = setTimeout(() => socket.destroy(), longestConnect)
    socket.on('error', () => {})
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners()
      resolve(socket)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}
