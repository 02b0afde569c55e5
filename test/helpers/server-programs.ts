/** Programs of other people in front of a gateway, such as nginx. They must be installed on this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Test } from 'tap'

/** Each program by its command, with the Debian package that has it. */
const packages = {
  nginx: 'nginx-light',
  caddy: 'caddy',
  'systemd-analyze': 'systemd',
  'nats-server': 'nats-server'
}

/** Where Debian has them, which is not on the path of every user. */
export const programEnv = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }

export type ServerProgram = keyof typeof packages

/**
 * Returns the reason why a program is missing, for `skip`; false if it is there. If CI is set, tests without
 * it are not skipped, and fail.
 */
export function whyNo(program: ServerProgram): string | false {
  if (process.env['CI'] === 'true' || spawnSync(program, ['--help'], { env: programEnv }).error === undefined)
    return false
  return `there is no ${program}: install it (apt-get install ${packages[program]})`
}

/** Returns a port that was free a moment ago: for programs that can't take any free port. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A program in the foreground, which ends with the test. */
export class RunningServer {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #said = ''

  constructor(t: Test, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(command, args, { env: { ...programEnv, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#ended = once(child, 'close').catch(error => (this.#said += String(error)))
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (this.#said += data))
    t.teardown(() => this.end())
  }

  /** Resolves when something accepts connections on a port. */
  async listens(port: number): Promise<void> {
    let isOver = false
    void this.#ended.then(() => (isOver = true))
    while (!(await accepts(port))) if (isOver) throw new Error(`It ended, and said: ${this.#said}`)
  }

  /** Ends it, which cuts its connections. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => setTimeout(resolve, 5, false))
    socket.once('connect', () => socket.destroy())
  })
}
