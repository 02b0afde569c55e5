/** A nats-server that a test kills, stops and starts again, on one port and with one store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NatsServer, startNatsServer } from '../../../tools/cluster/nats-server.js'

export class NatsProcess {
  readonly #folder: string
  #server: NatsServer
  readonly url: string

  private constructor(folder: string, server: NatsServer) {
    this.#folder = folder
    this.#server = server
    this.url = server.url
  }

  static async start(): Promise<NatsProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-nats-'))
    try {
      return new NatsProcess(folder, await startNatsServer({ folder, port: 0, onLine: () => {} }))
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  get pid(): number {
    return this.#server.child.pid
  }

  /** Kills it; its store stays. */
  async kill(): Promise<void> {
    this.#server.child.kill('SIGCONT')
    this.#server.child.kill('SIGKILL')
    await this.#server.child.ended
  }

  /** Starts it again after `kill`. */
  async startAgain(): Promise<void> {
    const port = Number(new URL(this.url).port)
    this.#server = await startNatsServer({ folder: this.#folder, port, onLine: () => {} })
  }

  stop(): void {
    this.#server.child.kill('SIGSTOP')
  }

  go(): void {
    this.#server.child.kill('SIGCONT')
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
