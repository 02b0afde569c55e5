/**
 * A contender's running server: a fresh process and those that it starts. They end when they lose the
 * connection to their parent, and so with the run, however it ends.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.js'
import { peersFolder } from './install.js'
import { findTree, readCpu, readRss } from './processes.js'

/** Milliseconds that a server has to start, and to end. */
const startGrace = 30_000
const endGrace = 5_000

const compiledFolder = fileURLToPath(new URL('..', import.meta.url))

interface Up {
  readonly kind: 'up' | 'failed'
  readonly port: number
  /** Ports of a server that has several. */
  readonly ports?: readonly number[]
  readonly message?: string
}

export class Racer {
  readonly contender: Contender
  /** Ports to connect to. */
  readonly ports: readonly number[]
  readonly #process: ChildProcess
  readonly #pids: readonly number[]

  private constructor(contender: Contender, child: ChildProcess, ports: readonly number[]) {
    this.contender = contender
    this.ports = ports
    this.#process = child
    this.#pids = findTree(child.pid!)
  }

  /** Starts the server. Resolves when it accepts connections. */
  static async start(contender: Contender): Promise<Racer> {
    const { from, path } = contender.file
    const file = join(from === 'compiled' ? compiledFolder : peersFolder, path)
    const child = fork(file, [], {
      env: { ...process.env, NODE_ENV: 'production' },
      // Output of peers is not shown, except the last lines of one that fails.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc']
    })
    const { port, ports } = await heardUp(contender.name, child)
    return new Racer(contender, child, ports ?? [port])
  }

  /** Reads the microseconds of CPU of all its processes. */
  cpu(): number | null {
    return readCpu(this.#pids)
  }

  /** Reads the resident bytes of all its processes. */
  rss(): number | null {
    return readRss(this.#pids)
  }

  /** Ends it by closing the connection to it; its own child processes end with it. */
  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise(resolve => this.#process.once('exit', resolve))
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), endGrace)
      if (this.#process.connected) this.#process.disconnect()
      await gone
      clearTimeout(timer)
    }
  }
}

function heardUp(name: string, child: ChildProcess): Promise<Up> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', text => {
      said = text
    })
    const timer = setTimeout(() => fail('it was not up in time'), startGrace)
    const fail = (why: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${name} did not start: ${why}`))
    }
    child.once('error', error => fail(error.message))
    child.once('close', (code, signal) =>
      fail(`its process ended (${signal ?? code}) ${firstError(said)}`.trimEnd())
    )
    // A peer's packages may send messages here too.
    child.on('message', (up: Up) => {
      if (up.kind === 'failed') return fail(up.message ?? '')
      if (up.kind !== 'up') return
      clearTimeout(timer)
      child.removeAllListeners()
      resolve(up)
    })
  })
}

/** Returns the line of a stack that says what went wrong. */
function firstError(text: string): string {
  return /^.*Error\b.*$/m.exec(text)?.[0] ?? ''
}
