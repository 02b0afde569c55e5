/**
 * One life of a worker thread, which Piscina runs. This is the only file that knows Piscina.
 *
 * Each thread has a Piscina of its own, which starts it at the first task. It would start another one for a
 * task after the thread's end, so it gets none then. The pool decides whether and when a dead thread is
 * replaced (pool.ts). Nothing waits in Piscina's queue, and no task carries an AbortSignal. The first task
 * lasts as long as the thread, and fails with the cause of the thread's end.
 */
import { fileURLToPath } from 'node:url'
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { WorkerQuestion } from '../../shared/examination/question.js'
import type { Batch } from '../../shared/link/batch.js'
import { type ClaimTable, readRunning } from '../../shared/link/claims.js'
import type { LinkOffer } from '../../shared/link/hello.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { withTimeout } from '../../shared/with-timeout.js'
import { expectFreeFiles } from '../limits/open-files.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Prints } from '../telemetry/prints.js'
import { hasEval, withoutEval } from './node-arguments.js'
import { closingGrace, EndOnce, type Transport, type TransportInit } from './transport.js'

const workerFile = fileURLToPath(new URL('../../workers/main.cjs', import.meta.url))

/**
 * Maximum number of tasks that Piscina may see running at once. It is enough for the first task, which lasts,
 * for a task that ends, for a task that begins, and for one question of each kind.
 */
const concurrentTasks = 12

/**
 * Number of files that a thread opens while it starts: for its event loop, and for its modules one after the
 * other. If the process runs out of file descriptors meanwhile, Node 20 to 24 leak one of them for good
 * (measured).
 */
const filesOfThread = 16

export type ThreadOptions = Pick<ResolvedOptions, 'workerArgv' | 'workerHeap'> & { readonly prints: Prints }

export class Thread implements Transport {
  readonly #pool: Piscina
  readonly #claims: ClaimTable
  readonly #init: TransportInit
  readonly #end: EndOnce
  #port: MessagePort | undefined
  /** over: the thread has ended, or is being ended. */
  #life: 'running' | 'over' = 'running'

  /** Starts the thread. Throws Node's error if no thread can be started. */
  constructor(init: TransportInit, { workerArgv, workerHeap, prints }: ThreadOptions) {
    this.#init = init
    this.#claims = init.setup.claims
    this.#end = new EndOnce('the worker closed its link', cause => this.#onEnd(cause))
    expectFreeFiles(filesOfThread)
    this.#pool = new Piscina({
      filename: workerFile,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: concurrentTasks,
      // While it waits with Atomics, a worker receives nothing from its link and runs no timers.
      atomics: 'disabled',
      stricterFIFO: true,
      recordTiming: false,
      workerData: init.setup,
      ...(workerHeap === 0 ? {} : { resourceLimits: { maxOldGenerationSizeMb: workerHeap } }),
      ...argvOf(workerArgv)
    })
    // The link is offered before any code of the game runs. Later messages are the game's own.
    this.#pool.on('message', (message: unknown) => {
      if (this.#port === undefined && isLinkOffer(message)) this.#open(message.port)
      else init.onForeign(message)
    })
    const fail = (error: unknown) => {
      this.#life = 'over'
      this.#end.fail(asError(error))
    }
    this.#pool.on('error', fail)
    this.#pool.run(null).catch(fail)
    for (const thread of this.#pool.threads) prints.follow(thread)
  }

  get running(): number {
    return readRunning(this.#claims)
  }

  run(batch: Batch): void {
    // All tasks of a thread fail when it ends. The first task reports the end.
    if (this.#life === 'running') this.#pool.run(batch).catch(() => {})
  }

  post(message: InboxMessage): void {
    this.#port?.postMessage(message)
  }

  async ask(question: WorkerQuestion): Promise<unknown> {
    if (this.#life === 'over') throw new Error('The thread has ended')
    return this.#pool.run(question)
  }

  async stop(): Promise<void> {
    // If the thread ends meanwhile, the first task reports it.
    if (this.#life === 'running') await this.#pool.run('stop').catch(() => {})
  }

  /**
   * Ends the thread, even if it is busy. A thread in a system call ends only after the call, so the wait is
   * limited to `closingGrace`.
   */
  async terminate(): Promise<void> {
    this.#life = 'over'
    await withTimeout(closingGrace, this.#pool.destroy())
  }

  #open(port: MessagePort): void {
    this.#port = port
    this.#end.channelOpened()
    port.on('message', this.#init.onMessage)
    port.on('messageerror', error =>
      this.#init.onUnreadable(`a message that Node can't read: ${error.message}`)
    )
    port.on('close', () => this.#end.channelClosed())
    port.unref()
  }

  #onEnd(cause: Error): void {
    this.#life = 'over'
    this.#drain()
    this.#init.onEnd(cause)
    void this.#pool.destroy()
  }

  /**
   * Passes on the messages that the port still holds. A port that closed by itself has delivered them all
   * already; reading from it would crash Node 20.
   */
  #drain(): void {
    const port = this.#port
    if (port === undefined || !this.#end.hasOpenChannel) return
    for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) {
      this.#init.onMessage(last.message)
    }
    port.close()
  }
}

function isLinkOffer(message: unknown): message is LinkOffer {
  return (message as Partial<LinkOffer> | null)?.port instanceof MessagePort
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/**
 * Returns the Node options of a thread. Without `execArgv` a thread inherits all options of this process.
 * Node passes V8's options on to a thread in no other way.
 */
function argvOf(asked: readonly string[] | undefined): { execArgv?: string[] } {
  const argv = asked ?? (hasEval(process.execArgv) ? withoutEval(process.execArgv) : undefined)
  return argv === undefined ? {} : { execArgv: [...argv] }
}
