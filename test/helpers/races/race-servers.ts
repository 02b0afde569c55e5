/**
 * The servers of a race: one, or three that keep logs together over routes that can be cut.
 */
import { TcpProxy } from '../../../testing/tcp-proxy.js'
import { type Endings, NatsServer } from '../nats.js'
import { findFreePort } from '../server-programs.js'

/** A route between two servers, by their indexes. */
interface Route {
  readonly ends: readonly number[]
  readonly proxy: TcpProxy
}

export class RaceServers {
  readonly all: readonly NatsServer[]
  /** The routes, each between two servers. */
  readonly #routes: readonly Route[]

  private constructor(all: readonly NatsServer[], routes: readonly Route[]) {
    this.all = all
    this.#routes = routes
  }

  static async start(count: number, t: Endings): Promise<RaceServers> {
    const ports = await Promise.all(Array.from({ length: count }, findFreePort))
    const routes: Route[] = []
    for (let from = 0; from < count; from++)
      for (let to = 0; to < count; to++) {
        if (to === from) continue
        const proxy = await TcpProxy.open(ports[to]!)
        t.teardown(() => proxy.close())
        routes.push({ ends: [from, to], proxy })
      }
    const servers = ports.map((port, index) => {
      const own = routes.filter(({ ends }) => ends[0] === index)
      const urls = own.map(({ proxy }) => `"${proxy.url.replace('ws:', 'nats:')}"`).join(', ')
      // No server finds another by what it advertises, so that all routes pass the proxies.
      const cluster = `cluster { name: "races", listen: "127.0.0.1:${port}", advertise: "127.0.0.1:1", no_advertise: true, routes: [${urls}] }`
      const config = `server_name: "n${index + 1}"\nping_interval: "1s"\nping_max: 2`
      return new NatsServer(t, count === 1 ? {} : { config, cluster })
    })
    await Promise.all(servers.map(server => server.start()))
    await Promise.all(servers.map(server => server.isHealthy()))
    return new RaceServers(servers, routes)
  }

  /** The value of the option `nats`. */
  get url(): string {
    return this.all.map(({ url }) => url).join(',')
  }

  /** Cuts a server off from the others, without their being told. */
  isolate(index: number): void {
    for (const { proxy } of this.#routesOf(index)) {
      proxy.isDown = true
      proxy.cut('silent')
    }
  }

  /** Lets the routes of a server come back. */
  rejoin(index: number): void {
    for (const { proxy } of this.#routesOf(index)) proxy.isDown = false
  }

  #routesOf(index: number) {
    return this.#routes.filter(({ ends }) => ends.includes(index))
  }
}
