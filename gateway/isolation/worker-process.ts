/**
 * One worker process's life. It shares no memory with the gateway, so that nothing that happens there can end the gateway's process;
 * what a thread says in shared memory it says in messages, and in a small file, which can be read when it has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors } from '../../shared/errors.js'
import type { Batch } from '../../shared/link/batch.js'
import { beat, type ClaimTable } from '../../shared/link/claims.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { ProcessChannel } from '../../shared/link/process-channel.js'
import type { ToProcess } from '../../shared/link/process-messages.js'
import { channelFile } from '../../shared/link/worker-setup.js'
import { withTimeout } from '../../shared/with-timeout.js'
import type { ResolvedOptions } from '../options/options.js'
import { withoutEval } from './node-arguments.js'
import { ProcessEnd, type Transport, type TransportInit } from './transport.js'

const workerFile = fileURLToPath(new URL('../../workers/process.js', import.meta.url))

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
  /** undefined: the process did not start. */
  readonly #channel: ProcessChannel | undefined
  readonly #claims: ClaimTable
  readonly #runningFile: number
  readonly #init: TransportInit
  readonly #ended: Promise<void>
  #tellEnded!: () => void
  #onStopped: (() => void) | undefined
  #cause: Error | undefined
  #isDisconnected = false
  #grace: NodeJS.Timeout | undefined
  #hasEnded = false

  /** Throws what Node throws where there is no process, file or folder to be had. */
  constructor(init: TransportInit, options: WorkerProcessOptions) {
    const { claims, ...setup } = init.setup
    this.#init = init
    this.#claims = claims
    this.#ended = new Promise(resolve => (this.#tellEnded = resolve))
    this.#runningFile = openScratch()
    this.#child = startProcess(options, this.#runningFile)
    running.add(this.#child)
    this.#child.on('exit', (code, signal) => {
      running.delete(this.#child)
      this.#fail(new ProcessEnd(code, signal))
    })
    this.#child.on('error', error => {
      if (this.#child.pid !== undefined) return this.#fail(error)
      running.delete(this.#child)
      this.#fail(errors.workerNotStarted('process', error.message))
    })
    const pipe = this.#child.stdio?.[channelFile] as Socket | undefined
    if (this.#child.pid === undefined || pipe === undefined) return
    this.#channel = new ProcessChannel(pipe, {
      onMessage: message => this.#hear(message),
      onUnreadable: init.onUnreadable,
      onClose: () => {
        this.#isDisconnected = true
        this.#endSoon()
      }
    })
    this.#say({ kind: 'setup', setup })
  }

  get running(): number {
    if (this.#hasEnded) return 0
    return readNumber(this.#runningFile)
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
    await withTimeout(closingGrace, this.#ended)
  }

  #say(words: ToProcess): void {
    this.#channel?.send(words)
  }

  /** Takes what is said to the transport; the rest is given on as it is. */
  #hear(message: unknown): void {
    const { kind, message: told } = (message ?? {}) as Partial<Record<'kind' | 'message', unknown>>
    if (kind === 'beat') beat(this.#claims)
    else if (kind === 'stopped') this.#onStopped?.()
    else if (kind === 'foreign') this.#init.onForeign(told)
    else this.#init.onMessage(message)
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
    this.#init.onEnd(this.#cause ?? new Error('the worker closed its channel'))
    this.#hasEnded = true
    closeSync(this.#runningFile)
    this.#tellEnded()
  }
}

/** Starts the program of a worker. `file`: where it writes which request has the thread; closed if it can't be started. */
function startProcess({ workerArgv, workerHeap }: WorkerProcessOptions, file: number): ChildProcess {
  const heap = workerHeap === 0 ? [] : [`--max-old-space-size=${workerHeap}`]
  const argv = [...(workerArgv ?? withoutEval(process.execArgv)), ...heap, workerFile]
  try {
    return spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'pipe', file] })
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** A file that only those have who have it open. Throws what Node throws where it can't be written. */
function openScratch(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    const file = openSync(join(folder, 'running'), 'w+')
    try {
      // Whoever has the thread is written over this, which needs no more room: a full disk shows now.
      writeSync(file, new Int32Array(1), 0, Int32Array.BYTES_PER_ELEMENT, 0)
    } catch (error) {
      closeSync(file)
      throw error
    }
    return file
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The number in that file; 0, if it can't be read: then nobody is known to have the thread. */
function readNumber(file: number): number {
  const read = new Int32Array(1)
  try {
    readSync(file, read, 0, read.byteLength, 0)
  } catch {
    return 0
  }
  return read[0]!
}
