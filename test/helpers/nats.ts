/**
 * Servers of NATS for tests: alone or as a cluster, with logs in a folder of their own. They can be killed,
 * stopped and started again on their ports, and end with the test, even if it is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { findFreePort, programEnv, whyNo } from './server-programs.js'

/** For the option `skip` of a test that needs NATS. */
export const noNats: string | false = whyNo('nats-server')

/** What ends something at its end: a test, or a command. */
export interface Endings {
  teardown(end: () => Promise<void>): void
}

export interface NatsServerOptions {
  /** Lines of its configuration, beside ports, the store and the cluster. */
  readonly config?: string
  /** Default: true. */
  readonly hasJetStream?: boolean
}

/** Ends a process when its parent ends, whatever ended it; only Linux has it. */
const bond = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : []

export class NatsServer {
  readonly #folder: string
  readonly #options: NatsServerOptions & { readonly cluster?: string }
  #port = -1
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #monitoring = ''

  constructor(t: Endings, options: NatsServerOptions & { readonly cluster?: string }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sallyport-nats-'))
    this.#options = options
    t.teardown(async () => {
      await this.kill()
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  /** The value of the option `nats`. */
  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /**
   * Starts it, on the same port and with the same logs as before. Resolves when it listens.
   *
   * @param changes of its options, for this start
   */
  async start(changes: NatsServerOptions = {}): Promise<void> {
    const { config = '', hasJetStream = true, cluster = '' } = { ...this.#options, ...changes }
    const file = join(this.#folder, 'nats.conf')
    writeFileSync(
      file,
      [
        `listen: "127.0.0.1:${this.#port}"`,
        'http: "127.0.0.1:-1"',
        `ports_file_dir: "${this.#folder}"`,
        hasJetStream ? `jetstream { store_dir: "${join(this.#folder, 'logs')}" }` : '',
        cluster,
        config
      ].join('\n')
    )
    const [command = '', ...args] = [...bond, 'nats-server', '-c', file]
    const child = spawn(command, args, { env: programEnv, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr!.on('data', data => (said += data))
    this.#child = child
    let isOver = false
    this.#ended = once(child, 'close')
      .catch(error => (said += error))
      .then(() => (isOver = true))
    for (;;) {
      if (isOver) throw new Error(`nats-server has ended, and said: ${said}`)
      if (this.#readPorts(child.pid)) return
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  /** Resolves when its JetStream has all its logs, and in a cluster a leader. */
  async isHealthy(): Promise<void> {
    for (;;) {
      const isOk = await fetch(`${this.#monitoring}/healthz`).then(
        async response => (await response.text()).includes('"ok"'),
        () => false
      )
      if (isOk) return
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Returns the names of its connections, each with the subjects that are subscribed there. */
  async listSubjects(): Promise<Readonly<Record<string, readonly string[]>>> {
    const response = await fetch(`${this.#monitoring}/connz?subs=1`)
    const { connections } = (await response.json()) as {
      connections: { name: string; subscriptions_list?: string[] }[]
    }
    return Object.fromEntries(connections.map(each => [each.name, each.subscriptions_list ?? []]))
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Lets it stand still, with its connections, until `goOn`. */
  stop(): void {
    this.#child!.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child!.kill('SIGCONT')
  }

  /** Deletes its logs. It must have ended. */
  wipe(): void {
    rmSync(join(this.#folder, 'logs'), { recursive: true, force: true })
  }

  /** Reads the file in which it tells its ports; false while there is none, or it is being written. */
  #readPorts(pid: number | undefined): boolean {
    try {
      const text = readFileSync(join(this.#folder, `nats-server_${pid}.ports`), 'utf8')
      const { nats, monitoring } = JSON.parse(text) as Record<string, string[]>
      this.#port = Number(new URL(nats![0]!).port)
      this.#monitoring = monitoring![0]!
      return true
    } catch {
      return false
    }
  }
}

/** Starts a server on a free port. */
export async function startNats(t: Test, options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = new NatsServer(t, options)
  await server.start()
  return server
}

/** Starts servers that keep logs together. Resolves when they have a leader. */
export async function startNatsCluster(t: Test, count = 3): Promise<NatsServer[]> {
  const ports = await Promise.all(Array.from({ length: count }, findFreePort))
  const routes = ports.map(port => `"nats://127.0.0.1:${port}"`).join(', ')
  const servers = ports.map(
    (port, index) =>
      new NatsServer(t, {
        config: `server_name: "n${index + 1}"`,
        cluster: `cluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`
      })
  )
  await Promise.all(servers.map(server => server.start()))
  await Promise.all(servers.map(server => server.isHealthy()))
  return servers
}
