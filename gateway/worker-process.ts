/**
 * One worker process's life. It shares no memory with the gateway, so that nothing that happens there can end the gateway's process;
 * what a thread says in shared memory it says in messages, and in a small file, which can be read when it has ended.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Batch } from '../shared/batch.js'
import { beat, type ClaimTable } from '../shared/claims.js'
import type { FromProcess, Hello, ToProcess } from '../shared/hello.js'
import type { InboxMessage } from '../shared/inbox.js'
import type { OutboxMessage } from '../shared/outbox.js'
import { ProcessEnd } from './last-words.js'
import { withoutEval } from './node-arguments.js'
import type { ResolvedOptions } from './options.js'
import type { Transport, TransportInit } from './transport.js'
import { within } from './within.js'

const workerFile = fileURLToPath(new URL('../workers/process.js', import.meta.url))

/** Milliseconds that a process may take to end once it was told to, and its channel to close after its end was told. */
const closingGrace = 1_000

/** Those that run: none is left behind when the gateway's process ends before it has ended them. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type WorkerProcessOptions = Pick<ResolvedOptions, 'workerArgv' | 'workerHeap'>

export class WorkerProcess implements Transport {
  readonly #child: ChildProcess
  readonly #claims: ClaimTable
  readonly #runningFile = openScratch()
  readonly #onHello: (hello: Hello) => void
  readonly #onMessage: (message: OutboxMessage) => void
  readonly #onEnd: (cause: Error) => void
  readonly #ended: Promise<void>
  #tellEnded!: () => void
  #onStopped: (() => void) | undefined
  #cause: Error | undefined
  #isDisconnected = false
  #grace: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(
    { setup, onHello, onMessage, onEnd }: TransportInit,
    { workerArgv, workerHeap }: WorkerProcessOptions
  ) {
    const { claims, ...rest } = setup
    this.#claims = claims
    this.#onHello = onHello
    this.#onMessage = onMessage
    this.#onEnd = onEnd
    this.#ended = new Promise(resolve => (this.#tellEnded = resolve))
    const heap = workerHeap === 0 ? [] : [`--max-old-space-size=${workerHeap}`]
    this.#child = fork(workerFile, [], {
      execArgv: [...(workerArgv ?? withoutEval(process.execArgv)), ...heap],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', this.#runningFile]
    })
    running.add(this.#child)
    this.#child.on('message', (words: FromProcess) => this.#hear(words))
    this.#child.on('disconnect', () => {
      this.#isDisconnected = true
      this.#endSoon()
    })
    this.#child.on('exit', (code, signal) => {
      running.delete(this.#child)
      this.#fail(new ProcessEnd(code, signal))
    })
    this.#child.on('error', error => this.#fail(error))
    this.#say({ kind: 'setup', setup: rest })
  }

  get running(): number {
    if (this.#hasEnded) return 0
    const read = new Int32Array(1)
    readSync(this.#runningFile, read, 0, read.byteLength, 0)
    return read[0]!
  }

  run(batch: Batch): void {
    this.#say({ kind: 'batch', batch })
  }

  post(message: InboxMessage): void {
    this.#say({ kind: 'inbox', message })
  }

  async stop(): Promise<void> {
    const stopped = new Promise<void>(resolve => (this.#onStopped = resolve))
    this.#say({ kind: 'stop' })
    await Promise.race([stopped, this.#ended])
  }

  async terminate(): Promise<void> {
    this.#child.kill('SIGKILL')
    await within(closingGrace, this.#ended)
  }

  #say(words: ToProcess): void {
    // Of one that has ended, or ends, its end tells.
    if (this.#child.connected) this.#child.send(words, () => {})
  }

  #hear(words: FromProcess): void {
    switch (words.kind) {
      case 'outbox':
        return this.#onMessage(words.message)
      case 'beat':
        return beat(this.#claims)
      case 'stopped':
        return this.#onStopped?.()
      default:
        return this.#onHello(words)
    }
  }

  #fail(cause: Error): void {
    this.#cause ??= cause
    this.#endSoon()
  }

  /** The end is told once it is known what of, and the process can say no more: when its channel has closed. */
  #endSoon(): void {
    if (this.#cause !== undefined && (this.#isDisconnected || this.#child.pid === undefined)) this.#tellEnd()
    else this.#grace ??= setTimeout(() => this.#tellEnd(), closingGrace)
  }

  #tellEnd(): void {
    clearTimeout(this.#grace)
    if (this.#hasEnded) return
    this.#child.kill('SIGKILL')
    this.#onEnd(this.#cause ?? new Error('the worker closed its channel'))
    this.#hasEnded = true
    closeSync(this.#runningFile)
    this.#tellEnded()
  }
}

/** A file that only those have who have it open. */
function openScratch(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  const file = openSync(join(folder, 'running'), 'w+')
  rmSync(folder, { recursive: true })
  return file
}
