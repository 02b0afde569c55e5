/**
 * A child process of the run, reached over IPC. A promise for its message rejects if it fails to start or
 * ends on its own. Owned by a Racer or by the rounds, and never outlives the run.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Milliseconds that a process has to end by itself before it is killed. */
const endGrace = 10_000

/** The folder of the compiled bench. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url))

const running = new Set<ChildProcess>()

/**
 * Ends all child processes at once, when the run fails or is interrupted. Servers end with what they have
 * started: other processes, and files.
 */
export function endChildren(): void {
  for (const child of running) child.kill('SIGTERM')
}

interface Failure {
  readonly kind: 'failed'
  readonly message: string
}

interface Waiting<Answer> {
  readonly kind: string
  resolve(answer: Answer): void
  reject(error: Error): void
}

export interface ChildOptions {
  readonly nodeOptions?: readonly string[]
  /** Folder of the compiled bench; undefined: this bench's own. */
  readonly folder?: string | undefined
}

export class Child<Question extends object, Answer extends { readonly kind: string }> {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #waiting: Waiting<Answer>[] = []
  #failure: Error | undefined
  #isEnding = false

  /** `file`: path below the folder, without its extension. */
  constructor(file: string, args: readonly string[] = [], { nodeOptions = [], folder }: ChildOptions = {}) {
    this.#name = [file, ...args].join(' ')
    const path = join(folder ?? ownFolder, `${file}.js`)
    this.#process = fork(path, args, { execArgv: [...nodeOptions] })
    running.add(this.#process)
    this.#process.on('message', (message: Answer | Failure) => this.#receive(message))
    this.#process.on('error', error => this.#fail(error.message))
    this.#exited = new Promise(resolve => {
      this.#process.on('exit', (code, signal) => {
        running.delete(this.#process)
        if (!this.#isEnding) this.#fail(`its process ended (${signal ?? code})`)
        resolve()
      })
    })
  }

  say(question: Question): void {
    if (this.#failure === undefined) this.#process.send(question)
  }

  /** Resolves with the next answer of that kind. Must be called before the question is sent. */
  next<Kind extends Answer['kind']>(kind: Kind): Promise<Extract<Answer, { readonly kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#waiting.push({ kind, resolve: resolve as (answer: Answer) => void, reject })
    })
  }

  /**
   * Ends the process and waits until it is gone. Sends `question` to ask it to end, or else closes the IPC
   * channel.
   */
  async end(question?: Question): Promise<void> {
    this.#isEnding = true
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), endGrace)
    if (question !== undefined) this.say(question)
    else if (this.#process.connected) this.#process.disconnect()
    await this.#exited
    clearTimeout(timer)
  }

  #receive(message: Answer | Failure): void {
    if (message.kind === 'failed') return this.#fail((message as Failure).message)
    const index = this.#waiting.findIndex(({ kind }) => kind === message.kind)
    if (index >= 0) this.#waiting.splice(index, 1)[0]!.resolve(message as Answer)
  }

  #fail(message: string): void {
    this.#failure ??= new Error(`${this.#name}: ${message}`)
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}
