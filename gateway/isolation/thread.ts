/**
 * One worker thread's life, as Piscina runs it: the only file that knows Piscina.
 *
 * Each thread has a Piscina of its own, which starts it at the first task and never starts another: whether and when
 * a dead thread is replaced is the supervisor's decision (pool.ts). Nothing waits in Piscina's queue, and no task
 * carries an AbortSignal. The first task lasts as long as the thread, and fails with what the thread ended of.
 */
import { fileURLToPath } from 'node:url'
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { Batch } from '../../shared/link/batch.js'
import { type ClaimTable, readRunning } from '../../shared/link/claims.js'
import type { LinkOffer } from '../../shared/link/hello.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import { withTimeout } from '../../shared/with-timeout.js'
import { expectFreeFiles } from '../limits/open-files.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Prints } from '../telemetry/prints.js'
import { hasEval, withoutEval } from './node-arguments.js'
import type { Transport, TransportInit } from './transport.js'

const workerFile = fileURLToPath(new URL('../../workers/main.js', import.meta.url))

/** Milliseconds that a thread may take to end once it was told to, and its port to close after its end was told. */
const closingGrace = 1_000

/** Tasks that Piscina may see as running at the same time: the one that lasts, one that ends, one that begins. */
const concurrentTasks = 8

/**
 * Files that a thread opens as it starts: those of its event loop, and modules, one after the other. Where they run
 * out in between, Node 20 to 24 lose one for good (measured).
 */
const filesOfThread = 16

export type ThreadOptions = Pick<ResolvedOptions, 'workerArgv' | 'workerHeap'> & { readonly prints: Prints }

export class Thread implements Transport {
  readonly #pool: Piscina
  readonly #claims: ClaimTable
  readonly #init: TransportInit
  #port: MessagePort | undefined
  #cause: Error | undefined
  #isPortClosed = false
  #grace: NodeJS.Timeout | undefined
  #hasEnded = false

  /** Throws what Node throws where there is no thread to be had. */
  constructor(init: TransportInit, { workerArgv, workerHeap, prints }: ThreadOptions) {
    this.#init = init
    this.#claims = init.setup.claims
    expectFreeFiles(filesOfThread)
    this.#pool = new Piscina({
      filename: workerFile,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: concurrentTasks,
      // A worker that waits by Atomics hears neither its link nor its timers.
      atomics: 'disabled',
      stricterFIFO: true,
      recordTiming: false,
      workerData: init.setup,
      ...(workerHeap === 0 ? {} : { resourceLimits: { maxOldGenerationSizeMb: workerHeap } }),
      ...argvOf(workerArgv)
    })
    // The link is offered before any code of the game runs; what comes later is the game's own.
    this.#pool.on('message', (message: unknown) => {
      if (this.#port === undefined && isLinkOffer(message)) this.#open(message.port)
      else init.onForeign(message)
    })
    this.#pool.on('error', error => this.#fail(asError(error)))
    this.#pool.run(null).catch(error => this.#fail(asError(error)))
    for (const thread of this.#pool.threads) prints.follow(thread)
  }

  get running(): number {
    return readRunning(this.#claims)
  }

  run(batch: Batch): void {
    // A thread that ends fails all its tasks; its end is told once, by the first.
    this.#pool.run(batch).catch(() => {})
  }

  post(message: InboxMessage): void {
    this.#port?.postMessage(message)
  }

  async stop(): Promise<void> {
    // Of a thread that ends meanwhile its end tells.
    await this.#pool.run('stop').catch(() => {})
  }

  /** Ends the thread, whatever it does. One that sits in a call of the system ends behind it; nobody waits for that. */
  async terminate(): Promise<void> {
    await withTimeout(closingGrace, this.#pool.destroy())
  }

  #open(port: MessagePort): void {
    this.#port = port
    port.on('message', this.#init.onMessage)
    port.on('messageerror', error =>
      this.#init.onUnreadable(`a message that Node can't read: ${error.message}`)
    )
    port.on('close', () => {
      this.#isPortClosed = true
      this.#endSoon()
    })
    port.unref()
  }

  #fail(cause: Error): void {
    this.#cause ??= cause
    this.#endSoon()
  }

  /** The end is told once it is known what of, and the thread can send no more: when its port has closed. */
  #endSoon(): void {
    if (this.#cause !== undefined && (this.#port === undefined || this.#isPortClosed)) this.#tellEnd()
    else this.#grace ??= setTimeout(() => this.#tellEnd(), closingGrace)
  }

  #tellEnd(): void {
    clearTimeout(this.#grace)
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#drain()
    this.#init.onEnd(this.#cause ?? new Error('the worker closed its link'))
    void this.#pool.destroy()
  }

  /** Gives what the port still holds. A port that closed by itself gave all before; to read it would crash Node 20. */
  #drain(): void {
    const port = this.#port
    if (port === undefined || this.#isPortClosed) return
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
 * What a thread is given of the options of this process: left alone, it has them all, and with them those of V8, which Node takes
 * in no other way.
 */
function argvOf(asked: readonly string[] | undefined): { execArgv?: string[] } {
  const argv = asked ?? (hasEval(process.execArgv) ? withoutEval(process.execArgv) : undefined)
  return argv === undefined ? {} : { execArgv: [...argv] }
}
