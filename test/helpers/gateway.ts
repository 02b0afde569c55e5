/** A running gateway for a test, with the lines that it logged. It ends with the test. */
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Gateway, GatewayOptions, Isolation, LogLevel } from '../../gateway/index.js'
import type { GivenParts } from '../../gateway/parts.js'
import { startGateway as start } from '../../gateway/start.js'
import { createLogger } from '../../shared/text/log.js'
import { TcpProxy } from '../../testing/tcp-proxy.js'
import { Player } from './player.js'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface RunningGateway {
  readonly gateway: Gateway
  /** Log lines so far. */
  readonly lines: readonly LogLine[]
  /** Connects a player that uses the JSON text form, and leaves at the end of the test. */
  connect(): Promise<Player>
}

/** Isolation of workers in tests that do not choose it. The environment variable is that of the program. */
const isolation: Isolation = process.env['SALLYPORT_ISOLATION'] === 'process' ? 'process' : 'thread'

/** Returns the path of test/handlers/NAME. */
export function handlersFolder(name: string): string {
  return fileURLToPath(new URL(`../handlers/${name}`, import.meta.url))
}

/**
 * Starts a gateway with 1 worker on a free port. `handlers`: a folder in test/handlers, or an absolute path.
 * `given`: what it gets beside options, such as the bus of a cluster.
 */
export async function startGateway(
  t: Test,
  handlers: string,
  options: Partial<GatewayOptions> = {},
  given: GivenParts = {}
): Promise<RunningGateway> {
  const lines: LogLine[] = []
  const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
  const folder = handlers.startsWith('/') ? handlers : handlersFolder(handlers)
  // Workers start without the modules that tap loads into this process, and without source maps: the first
  // cost each worker a second, the others a fifth of its start.
  const workerArgv: string[] = []
  // No request is refused because the machine is slow, unless a test sets the option itself.
  const standard = {
    port: 0,
    workers: 1,
    maxQueueDelay: 0,
    isolation,
    log,
    workerArgv,
    maxLogLinesPerSecond: 0
  }
  const gateway = await startAtPort({ handlers: folder, ...standard, ...options }, given)
  const players: Player[] = []
  t.teardown(async () => {
    for (const player of players) player.leave()
    await gateway.close()
  })
  const connect = async () => {
    const player = await Player.connect(gateway.url)
    players.push(player)
    return player
  }
  return { gateway, lines, connect }
}

/** Starts a gateway like `startGateway`, but with 2 workers: for what takes place between workers. */
export function startWithTwoWorkers(
  t: Test,
  handlers: string,
  options: Partial<GatewayOptions> = {},
  given: GivenParts = {}
): Promise<RunningGateway> {
  return startGateway(t, handlers, { workers: 2, ...options }, given)
}

/**
 * Starts a gateway. If it is to listen where one has just ended, a socket of another test may have the port
 * for a moment: then it is tried again.
 */
async function startAtPort(options: GatewayOptions, given: GivenParts): Promise<Gateway> {
  const isTaken = (error: unknown) => (error as { code?: string }).code === 'LISTEN_FAILED'
  for (let tries = 1; ; tries++) {
    try {
      return await start(options, given)
    } catch (error) {
      if (options.port === 0 || !isTaken(error) || tries === 20) throw error
    }
  }
}

/** Opens a proxy in front of a gateway's port. It ends with the test. */
export async function startProxy(t: Test, port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(port)
  t.teardown(() => proxy.close())
  return proxy
}
