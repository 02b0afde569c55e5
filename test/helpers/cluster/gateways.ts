/**
 * Several gateways in processes of their own as one: a nats-server, the gateways, and a balancer before them
 * behind a proxy that cuts connections.
 */

import { TcpProxy } from '../../../testing/tcp-proxy.js'
import { Balancer } from '../../../tools/cluster/balancer.js'
import { GatewayProcess } from './gateway-process.js'
import { NatsProcess } from './nats-process.js'

export interface GatewaysInit {
  readonly count: number
  readonly handlers: string
  readonly options?: Readonly<Record<string, unknown>>
  /** The build of each gateway, by its index. Default: this one for all. */
  readonly dist?: (index: number) => string | undefined
  /** Returns a file for the record of who is bound in a process, which is the `start`-th. Default: none. */
  readonly record?: (start: number) => string
}

/** What a gateway is started anew with. */
export interface Renewal {
  readonly handlers?: string
  readonly dist?: string
}

export class Gateways {
  readonly nats: NatsProcess
  /** Cuts connections of clients, and is the address that they know. */
  readonly proxy: TcpProxy
  readonly #init: GatewaysInit
  readonly #balancer: Balancer
  readonly #all: (GatewayProcess | undefined)[]
  readonly #handlers: string[]
  readonly #starting = new Set<GatewayProcess>()
  readonly #started: GatewayProcess[] = []
  /** How many processes were started. */
  starts = 0

  private constructor(
    init: GatewaysInit,
    parts: { nats: NatsProcess; proxy: TcpProxy; balancer: Balancer; all: (GatewayProcess | undefined)[] }
  ) {
    this.#init = init
    this.nats = parts.nats
    this.proxy = parts.proxy
    this.#balancer = parts.balancer
    this.#all = parts.all
    this.#handlers = Array.from({ length: init.count }, () => init.handlers)
  }

  /** `ends`: is told how to end all of it, before anything can fail. */
  static async start(
    init: GatewaysInit,
    ends: { teardown(end: () => Promise<void>): void }
  ): Promise<Gateways> {
    const nats = await NatsProcess.start()
    const all: (GatewayProcess | undefined)[] = []
    // Who drains has closed its listener: the balancer passes it over by itself.
    const balancer = await Balancer.open(0, () =>
      all.filter(each => each !== undefined && !each.isOver).map(each => each!.place)
    )
    const proxy = await TcpProxy.open(balancer.port)
    const gateways = new Gateways(init, { nats, proxy, balancer, all })
    ends.teardown(() => gateways.close())
    await Promise.all(
      Array.from({ length: init.count }, (_, index) => gateways.#start(index, init.dist?.(index)))
    )
    return gateways
  }

  /** The URL for clients: of the proxy before the balancer. */
  get url(): string {
    return this.proxy.url
  }

  /** The gateways that run and do not drain. */
  get up(): readonly GatewayProcess[] {
    return this.#all.filter(
      each => each !== undefined && !each.isOver && !each.isDraining
    ) as GatewayProcess[]
  }

  /** The gateways that run, or drain. */
  get all(): readonly GatewayProcess[] {
    return this.#all.filter(each => each !== undefined && !each.isOver) as GatewayProcess[]
  }

  /** What all processes have written, those that have ended, too. */
  get said(): readonly string[] {
    return this.#started.map(({ pid, options, said }) => `process ${pid}, ${options['frontendId']}:\n${said}`)
  }

  at(index: number): GatewayProcess {
    return this.#all[index]!
  }

  /** Drains a gateway and starts it anew under its name. Resolves with the old one's exit code. */
  async roll(index: number, renewal: Renewal = {}): Promise<number | NodeJS.Signals> {
    const code = await this.at(index).drain()
    await this.startAnew(index, renewal)
    return code
  }

  /** Starts a gateway under the name of the one that has ended. */
  async startAnew(index: number, { handlers, dist }: Renewal = {}): Promise<GatewayProcess> {
    if (handlers !== undefined) this.#handlers[index] = handlers
    for (let tries = 1; ; tries++) {
      try {
        return await this.#start(index, dist)
      } catch (error) {
        // Whoever runs gateways starts one again that found NATS away.
        if (tries === 10 || !/No NATS server answers/.test(String(error))) throw error
      }
    }
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    await this.proxy.close()
    await this.#balancer.close()
    await Promise.all([...this.#all, ...this.#starting].map(each => each?.kill()))
    await this.nats.close()
  }

  async #start(index: number, dist: string | undefined): Promise<GatewayProcess> {
    const start = this.starts++
    const gateway = new GatewayProcess({
      start,
      dist,
      record: this.#init.record?.(start),
      options: {
        handlers: this.#handlers[index],
        port: 0,
        workers: 1,
        logLevel: 'warn',
        frontendId: `g${index + 1}`,
        nats: this.nats.url,
        ...this.#init.options
      }
    })
    this.#started.push(gateway)
    this.#starting.add(gateway)
    await gateway.up.finally(() => this.#starting.delete(gateway))
    this.#all[index] = gateway
    return gateway
  }
}
