/** A gateway in a process of its own, which a test may kill, stop and drain. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Place } from '../../../tools/cluster/balancer.js'
import { root } from '../paths.js'
import type { Answer, Question, Tasks } from './gateway-program.js'

const program = join(root, 'dist/test/helpers/cluster/gateway-program.js')

export interface GatewayProcessInit {
  readonly options: Readonly<Record<string, unknown>>
  /** How many were started before it. Default: 0. */
  readonly start?: number
  /** The build to run. Default: this one. */
  readonly dist?: string | undefined
  /** A file for a record of who is bound, and when. Default: none. */
  readonly record?: string | undefined
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Why a gateway did not start, or a task failed. */
export class ProcessError extends Error {
  readonly code: string | undefined
  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

export class GatewayProcess {
  readonly options: Readonly<Record<string, unknown>>
  readonly start: number
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** What it has written, so far. */
  said = ''
  url = ''
  isOver = false
  /** Whether it was asked to drain. */
  isDraining = false
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  /** Resolves when it is up. Rejects with its error if it does not start. */
  readonly up: Promise<unknown>
  #up: Waiting | undefined

  constructor({ options, dist = join(root, 'dist'), record, start = 0 }: GatewayProcessInit) {
    this.start = start
    this.options = options
    this.#process = fork(
      program,
      [dist, JSON.stringify(options), ...(record === undefined ? [] : [record])],
      {
        execArgv: [],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...process.env, NODE_OPTIONS: '' }
      }
    )
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', data => (this.said += data))
    this.#process.on('message', (answer: Answer) => this.#receive(answer))
    this.up = new Promise((resolve, reject) => {
      this.#up = { resolve, reject }
    })
    this.ended = once(this.#process, 'exit').then(([code, signal]) => {
      this.isOver = true
      const error = new ProcessError(`The gateway's process has ended (${code ?? signal})`, 'PROCESS_ENDED')
      this.#up?.reject(error)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      return code ?? signal
    })
  }

  /** Starts a gateway. Rejects with its error if it does not start. */
  static async start(init: GatewayProcessInit): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(init)
    await gateway.up
    return gateway
  }

  get pid(): number {
    return this.#process.pid!
  }

  get place(): Place {
    return { host: '127.0.0.1', port: Number(new URL(this.url).port) }
  }

  /** Has it do a task. Rejects if the task fails, or if the process ends. */
  ask<Name extends keyof Tasks>(
    task: Name,
    ...args: Parameters<Tasks[Name]>
  ): Promise<Awaited<ReturnType<Tasks[Name]>>> {
    const id = ++this.#lastId
    const answer = new Promise<Awaited<ReturnType<Tasks[Name]>>>((resolve, reject) => {
      if (this.isOver) return reject(new ProcessError("The gateway's process has ended", 'PROCESS_ENDED'))
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
    })
    const question: Question = { id, task, args }
    if (!this.isOver) this.#process.send(question, () => {})
    return answer
  }

  /** Sends a signal; `SIGKILL` resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** Stops its process as a whole, until `go`. */
  stop(): void {
    this.#process.kill('SIGSTOP')
  }

  go(): void {
    this.#process.kill('SIGCONT')
  }

  /** Drains it; resolves with its exit code when its process has ended. */
  async drain(): Promise<number | NodeJS.Signals> {
    this.isDraining = true
    this.#process.kill('SIGTERM')
    return this.ended
  }

  /** Closes it in peace; resolves with what was left over in its process. */
  async close(): Promise<readonly string[]> {
    const left = await this.ask('close')
    this.#process.disconnect()
    await this.ended
    return left
  }

  #receive(answer: Answer): void {
    if ('kind' in answer) {
      if (answer.kind === 'failed') return this.#up?.reject(new ProcessError(answer.message, answer.code))
      this.url = answer.url
      return this.#up?.resolve(undefined)
    }
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(new ProcessError(answer.error, answer.code))
    else waiting?.resolve(answer.result)
  }
}
