/**
 * One life of a worker process. It shares no memory with the gateway, so no fault of it can end the gateway's
 * process. A process sends as messages what a thread writes to shared memory. Only the id of the running
 * request is written into a small file, so that it can be read after the process has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors } from '../../shared/errors.js'
import type { WorkerQuestion } from '../../shared/examination/question.js'
import type { Batch } from '../../shared/link/batch.js'
import { beat, type ClaimTable } from '../../shared/link/claims.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { ProcessChannel } from '../../shared/link/process/process-channel.js'
import type { ToProcess } from '../../shared/link/process/process-messages.js'
import { channelFile } from '../../shared/link/worker-setup.js'
import { withTimeout } from '../../shared/with-timeout.js'
import { expectFreeFiles } from '../limits/open-files.js'
import type { ResolvedOptions } from '../options/options.js'
import { asksInspector, freeInspectPort, takeInspectPort } from './inspect-ports.js'
import { withoutEval } from './node-arguments.js'
import { Questions, type WorkerAnswer } from './questions.js'
import { closingGrace, EndOnce, ProcessEnd, type Transport, type TransportInit } from './transport.js'

/**
 * Number of files that are open while a process is started: its channel, its scratch file, and those of
 * libuv. If there are too few, Node 20 to 24 leak the channel.
 */
const filesOfProcess = 12

/** Node's exit code if it does not take an argument: Node.js, Process exit codes. */
const badArguments = 9

const workerFile = fileURLToPath(new URL('../../workers/process.js', import.meta.url))

/** All running worker processes. They are killed if the gateway's process exits before they have ended. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type WorkerProcessOptions = Pick<ResolvedOptions, 'workerArgv' | 'workerHeap'>

export class WorkerProcess implements Transport {
  readonly #child: ChildProcess
  /** The channel to the process; undefined if the process did not start. */
  readonly #channel: ProcessChannel | undefined
  readonly #claims: ClaimTable
  /**
   * File descriptor to which the process writes the id of the running request; undefined after the end, when
   * it is closed.
   */
  #runningFile: number | undefined
  readonly #init: TransportInit
  readonly #end: EndOnce
  readonly #ended: Promise<void>
  #tellEnded!: () => void
  #onStopped: (() => void) | undefined
  /** Whether the program has told anything, so that Node took its arguments. */
  #isHeard = false
  readonly #questions = new Questions()

  /** Starts the process. Throws Node's error if no process, file or folder can be created. */
  constructor(init: TransportInit, options: WorkerProcessOptions) {
    const { claims, ...setup } = init.setup
    this.#init = init
    this.#claims = claims
    this.#ended = new Promise(resolve => (this.#tellEnded = resolve))
    this.#end = new EndOnce('the worker closed its channel', cause => this.#onEnd(cause))
    expectFreeFiles(filesOfProcess)
    const file = openScratch()
    this.#runningFile = file
    const argv = argvOfProcess(options)
    const inspectPort = takeInspectPort(argv, options.workerArgv !== undefined)
    this.#child = startProcess([...argv, `--inspect-port=${inspectPort}`], file)
    running.add(this.#child)
    this.#child.on('exit', (code, signal) => {
      running.delete(this.#child)
      freeInspectPort(inspectPort)
      const isRefused = code === badArguments && !this.#isHeard
      this.#end.fail(isRefused ? describeRefused(argv) : new ProcessEnd(code, signal))
    })
    this.#child.on('error', error => {
      if (this.#child.pid !== undefined) return this.#end.fail(error)
      running.delete(this.#child)
      freeInspectPort(inspectPort)
      this.#end.fail(errors.workerNotStarted('process', error.message))
    })
    const pipe = this.#child.stdio?.[channelFile] as Socket | undefined
    if (this.#child.pid === undefined || pipe === undefined) return
    this.#end.channelOpened()
    this.#channel = new ProcessChannel(pipe, {
      onMessage: message => this.#receive(message),
      onUnreadable: init.onUnreadable,
      onClose: () => this.#end.channelClosed()
    })
    this.#send({ kind: 'setup', setup, asksInspector: asksInspector(argv) })
  }

  get running(): number {
    return this.#runningFile === undefined ? 0 : readNumber(this.#runningFile)
  }

  run(batch: Batch): void {
    this.#send({ kind: 'batch', batch })
  }

  post(message: InboxMessage): void {
    this.#send({ kind: 'inbox', message })
  }

  ask(question: WorkerQuestion): Promise<unknown> {
    return this.#questions.ask(id => this.#send({ kind: 'question', id, question }))
  }

  async stop(): Promise<void> {
    const stopped = new Promise<void>(resolve => (this.#onStopped = resolve))
    this.#send({ kind: 'stop' })
    await Promise.race([stopped, this.#ended])
  }

  async terminate(): Promise<void> {
    this.#child.kill('SIGKILL')
    await withTimeout(closingGrace, this.#ended)
  }

  #send(message: ToProcess): void {
    this.#channel?.send(message)
  }

  /** Handles the messages that are meant for the transport, and passes on the rest as it is. */
  #receive(message: unknown): void {
    this.#isHeard = true
    const { kind, message: told } = (message ?? {}) as Partial<Record<'kind' | 'message', unknown>>
    if (kind === 'beat') beat(this.#claims)
    else if (kind === 'stopped') this.#onStopped?.()
    else if (kind === 'foreign') this.#init.onForeign(told)
    else if (kind === 'answer') this.#questions.answered(message as Partial<WorkerAnswer>)
    else this.#init.onMessage(message)
  }

  #onEnd(cause: Error): void {
    this.#child.kill('SIGKILL')
    // The file is still open in this call, which reads it to find out which request ended the process.
    this.#init.onEnd(cause)
    if (this.#runningFile !== undefined) closeSync(this.#runningFile)
    this.#runningFile = undefined
    this.#questions.close(cause)
    this.#tellEnded()
  }
}

/** Returns Node's arguments for a worker, without a port for its inspector. */
export function argvOfProcess({ workerArgv, workerHeap }: WorkerProcessOptions): string[] {
  const heap = workerHeap === 0 ? [] : [`--max-old-space-size=${workerHeap}`]
  return [...(workerArgv ?? withoutEval(process.execArgv)), ...heap]
}

function describeRefused(argv: readonly string[]): Error {
  return errors.workerNotStarted(
    'process',
    `it ended with exit code ${badArguments}, which is Node's for an argument that it does not take: ${argv.join(' ')}`
  )
}

/**
 * Starts the program of a worker.
 *
 * @param argv Node's arguments
 * @param file the file descriptor to which the worker writes the id of the running request; closed if the
 * program can't be started
 */
function startProcess(argv: readonly string[], file: number): ChildProcess {
  try {
    return spawn(process.execPath, [...argv, workerFile], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', file]
    })
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/**
 * Opens a file without a name: only processes that have it open can reach it. Throws if it can't be written.
 */
function openScratch(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  try {
    const file = openSync(join(folder, 'running'), 'w+')
    try {
      // Reserves the space for an id, so that a full disk is noticed now. Later ids overwrite this one.
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

/** Returns the id in the file. If it can't be read, returns 0, so that no request counts as running. */
function readNumber(file: number): number {
  const read = new Int32Array(1)
  try {
    readSync(file, read, 0, read.byteLength, 0)
  } catch {
    return 0
  }
  return read[0]!
}
