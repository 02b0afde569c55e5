/**
 * A process of the run: started fresh, spoken to over IPC, gone with the run. One whose first message does not come,
 * or that ends before it is told to, fails whoever waits for it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Milliseconds that a process has to end by itself. */
const endGrace = 10_000

/** The folder of the compiled bench. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url))

const running = new Set<ChildProcess>()

/** Ends all processes at once: the run has failed, or is interrupted. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL')
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
  /** The folder of the compiled file; undefined: the bench's own. */
  readonly folder?: string | undefined
}

export class Child<Question extends object, Answer extends { readonly kind: string }> {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #waiting: Waiting<Answer>[] = []
  #failure: Error | undefined
  #isEnding = false

  /** `file`: below its folder, without its extension. */
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

  /** The next answer of that kind. Ask for it before whatever brings it about. */
  next<Kind extends Answer['kind']>(kind: Kind): Promise<Extract<Answer, { readonly kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#waiting.push({ kind, resolve: resolve as (answer: Answer) => void, reject })
    })
  }

  /** Ends the process: tells it to (or, without a word for it, closes the connection), and waits until it is gone. */
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
