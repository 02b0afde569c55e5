/** A real gateway for a test: on a free port, with players that can be cut off and workers that can be ended. */
import { fileURLToPath } from 'node:url'
import { type ClientOptions, connect, type EventTypes, type RouteTypes } from '../client/index.js'
import { createGateway, type Gateway, type GatewayOptions } from '../gateway/index.js'
import { createLogger } from '../shared/text/log.js'
import { TcpProxy } from './tcp-proxy.js'
import { TestPlayer } from './test-player.js'
import type { TestLogLine } from './test-world.js'

export interface TestGatewayOptions extends Partial<Omit<GatewayOptions, 'handlers' | 'port' | 'log'>> {
  /** The folder of the handler modules; TypeScript needs `dev: true` and the package tsx. */
  readonly handlers: string | URL
}

export class TestGateway {
  readonly gateway: Gateway
  /** What was logged, at all levels. */
  readonly lines: readonly TestLogLine[]
  readonly #players: TestPlayer[] = []

  private constructor(gateway: Gateway, lines: readonly TestLogLine[]) {
    this.gateway = gateway
    this.lines = lines
  }

  /** Starts a gateway with one worker, if nothing else is said. */
  static async start({ handlers, ...options }: TestGatewayOptions): Promise<TestGateway> {
    const lines: TestLogLine[] = []
    const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
    const gateway = await createGateway({
      workers: 1,
      // A test looks for each line.
      maxLogLinesPerSecond: 0,
      ...options,
      handlers: typeof handlers === 'string' ? handlers : fileURLToPath(handlers),
      port: 0,
      log
    })
    return new TestGateway(gateway, lines)
  }

  /** Connects a player. It leaves when the gateway is closed. */
  async connect<Routes = RouteTypes, Events = EventTypes>(
    options: ClientOptions = {}
  ): Promise<TestPlayer<Routes, Events>> {
    const proxy = await TcpProxy.open(this.gateway.address.port)
    // Quick, so that a test need not wait for what a player on a train would wait for.
    const quick: ClientOptions = { backOff: { least: 1, most: 20 }, heartbeat: 100, heartbeatTimeout: 1_000 }
    const client = await connect<Routes, Events>(proxy.url, { ...quick, ...options }).catch(async error => {
      await proxy.close()
      throw error
    })
    const player = new TestPlayer<Routes, Events>(client, proxy)
    this.#players.push(player as unknown as TestPlayer)
    return player
  }

  /** Ends a worker in the middle of whatever it does, as a fault would; another one takes its place. */
  killWorker(index = 0): Promise<void> {
    return this.gateway.killWorker(index)
  }

  async close(): Promise<void> {
    await Promise.all(this.#players.map(player => player.close()))
    await this.gateway.close()
  }
}
