/** A running gateway for a test, which ends with the test; and what it logged. */
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type Isolation,
  type LogLevel
} from '../../gateway/index.js'
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
  /** All lines so far. */
  readonly lines: readonly LogLine[]
  /** Connects a player who speaks the JSON text form; it leaves with the test. */
  connect(): Promise<Player>
}

/** What the workers of all tests are that do not say it themselves: as the environment has it for the program too. */
const isolation: Isolation = process.env['SALLYPORT_ISOLATION'] === 'process' ? 'process' : 'thread'

/** The folder of test/handlers/NAME. */
export function handlersFolder(name: string): string {
  return fileURLToPath(new URL(`../handlers/${name}`, import.meta.url))
}

/** Starts a gateway with the handlers of test/handlers/NAME (or of an absolute path), 2 workers, on a free port. */
export async function startGateway(
  t: Test,
  handlers: string,
  options: Partial<GatewayOptions> = {}
): Promise<RunningGateway> {
  const lines: LogLine[] = []
  const log = createLogger('debug', (level, message, fields = {}) => lines.push({ level, message, fields }))
  const folder = handlers.startsWith('/') ? handlers : handlersFolder(handlers)
  // Workers do without what tap loads into this process: it costs each of them a second.
  const workerArgv = ['--enable-source-maps']
  // Nobody is refused because the machine is slow, but where that is what a test is about.
  const standard = {
    port: 0,
    workers: 2,
    maxQueueDelay: 0,
    isolation,
    log,
    workerArgv,
    maxLogLinesPerSecond: 0
  }
  const gateway = await createGateway({ handlers: folder, ...standard, ...options })
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

/** A proxy that stands before a gateway's port; it ends with the test. */
export async function startProxy(t: Test, port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(port)
  t.teardown(() => proxy.close())
  return proxy
}
