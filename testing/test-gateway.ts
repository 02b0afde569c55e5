/**
 * `TestGateway`: a real gateway for a test, on a free port. Its players' connections can be cut, and its
 * workers can be killed.
 */
import { resolveClientOptions } from '../client/base/options.js'
import { type ClientOptions, connect, type EventTypes, type RouteTypes } from '../client/node.js'
import type { LocalNetwork } from '../gateway/cluster/bus/local-network.js'
import type { Gateway, GatewayOptions } from '../gateway/index.js'
import { expectOptions } from '../gateway/options/resolve-options.js'
import { startGateway } from '../gateway/start.js'
import { createLogger } from '../shared/text/log.js'
import { expectRealTimers } from './expect-real-timers.js'
import { SessionEnds } from './session-ends.js'
import { TcpProxy } from './tcp-proxy.js'
import { TestPlayer } from './test-player.js'
import type { TestLogLine } from './world/test-world.js'

export interface TestGatewayOptions extends Partial<Omit<GatewayOptions, 'handlers' | 'port' | 'log'>> {
  /** Folder of the handler modules. TypeScript modules need `dev: true` and the package tsx. */
  readonly handlers: string | URL
  /** @internal The network that joins it with other gateways of this process, in place of NATS. */
  readonly network?: LocalNetwork
}

/** Where a gateway can be reached that listens on all addresses. */
const loopbacks: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1']
])

export class TestGateway {
  readonly gateway: Gateway
  /** Log lines of all levels, oldest first. */
  readonly lines: readonly TestLogLine[]
  readonly #players: TestPlayer[] = []
  readonly #sessionEnds: SessionEnds
  /** Rejects those who wait for a player when the gateway is closed. */
  readonly #waiting = new Set<(error: Error) => void>()
  #isClosed = false

  private constructor(gateway: Gateway, lines: readonly TestLogLine[]) {
    this.gateway = gateway
    this.lines = lines
    this.#sessionEnds = new SessionEnds(gateway.sessions)
  }

  /**
   * Starts a gateway on a free port, with one worker unless `workers` says otherwise. Rejects as
   * `createGateway` does, and with an Error if the test has mocked `setTimeout` or `setImmediate`: a gateway
   * and its players need real timers.
   */
  static async start(asked: TestGatewayOptions): Promise<TestGateway> {
    const { network, ...options } = expectOptions(asked)
    await expectRealTimers()
    const lines: TestLogLine[] = []
    const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
    const gateway = await startGateway(
      // A test may look for any line, so none is dropped.
      { workers: 1, maxLogLinesPerSecond: 0, ...options, port: 0, log },
      { bus: network?.join(options.frontendId ?? 'test') }
    )
    return new TestGateway(gateway, lines)
  }

  /**
   * Connects a player. Closing the gateway closes its connection too. Heartbeats and reconnects are quicker
   * than the client's defaults: `backOff` from 1 to 20 ms, `heartbeat` 100 ms, `heartbeatTimeout` 1,000 ms.
   * Rejects as the client's `connect` does, and with an Error after `close`.
   */
  async connect<Routes = RouteTypes, Events = EventTypes>(
    options: ClientOptions<Events> = {}
  ): Promise<TestPlayer<Routes, Events>> {
    this.#expectOpen()
    // Before `user` is replaced below, whose faults would not be those of the game's own.
    resolveClientOptions(options)
    const { host, port } = this.gateway.address
    const proxy = await TcpProxy.open(port, loopbacks.get(host) ?? host)
    const url = proxy.url.replace('ws:', new URL(this.gateway.url).protocol)
    // Short waits, so that a test does not wait as long as a client in a bad network would.
    const quick = { backOff: { least: 1, most: 20 }, heartbeat: 100, heartbeatTimeout: 1_000 }
    // Asked before each attempt, and so ends a client that still tries when the gateway is closed.
    const user = () => {
      if (this.#isClosed) throw Object.assign(closedError(), { fatal: true })
      return typeof options.user === 'function' ? options.user() : options.user
    }
    const connecting = connect<Routes, Events>(url, { ...quick, ...options, user })
    const client = await this.#untilClosed(connecting).catch(async error => {
      connecting.then(late => late.close()).catch(() => {})
      await proxy.close()
      throw error
    })
    const player = new TestPlayer<Routes, Events>(client, proxy, this.#sessionEnds)
    this.#players.push(player as unknown as TestPlayer)
    return player
  }

  /**
   * Kills a worker, whatever it is doing, as a crash would; a new one replaces it. `index`: the worker's
   * place. Default: 0.
   */
  async killWorker(index = 0): Promise<void> {
    this.#expectOpen()
    await this.gateway.killWorker(index)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const reject of this.#waiting) reject(closedError())
    await Promise.all(this.#players.map(player => player.close()))
    await this.gateway.close()
  }

  #expectOpen(): void {
    if (this.#isClosed) throw closedError()
  }

  #untilClosed<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError())
      this.#waiting.add(reject)
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject))
    })
  }
}

function closedError(): Error {
  return new Error('The test gateway is closed')
}
