/**
 * The connection between the gateway and one worker, for one life of the worker. A worker is a thread
 * (thread.ts) or a process (worker-process.ts); tests also run workers without either.
 */

import type { WorkerQuestion } from '../../shared/examination/question.js'
import type { Batch } from '../../shared/link/batch.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import type { WorkerSetup } from '../../shared/link/worker-setup.js'

export interface Transport {
  /**
   * Number (see `runningAs`) of the request that occupies the thread, or occupied it when the worker ended; 0
   * for none.
   */
  readonly running: number
  run(batch: Batch): void
  post(message: InboxMessage): void
  /**
   * Asks a worker that is up about itself. Returns its unchecked answer. Rejects if it fails to answer, or
   * ends; the caller limits the time.
   */
  ask(question: WorkerQuestion): Promise<unknown>
  /**
   * Stops the game: runs its onStop, and waits until its printed output has left. Resolves when both are
   * done.
   */
  stop(): Promise<void>
  /** Ends the worker, even if it is busy. */
  terminate(): Promise<void>
}

/**
 * The setup of a worker, and the callbacks of its transport. The transport does not validate messages;
 * `WorkerMessages` does.
 */
export interface TransportInit {
  readonly setup: WorkerSetup
  /** Called with each message of the link. */
  readonly onMessage: (message: unknown) => void
  /** Called when the link has delivered something unreadable. */
  readonly onUnreadable: (what: string) => void
  /** Called with a message that the game itself has sent to its parent thread or process. */
  readonly onForeign: (message: unknown) => void
  /** Called once, after the last message, with the cause of the worker's end. */
  readonly onEnd: (cause: Error) => void
}

/** Milliseconds for a worker to end after `terminate`, and between its end and the close of its channel. */
export const closingGrace = 1_000

/**
 * The end of a transport, reported once. It is reported when the cause is known and the channel is closed,
 * since no message can arrive after that. If only one of the two has happened, it is reported after
 * `closingGrace`.
 *
 *   running ──▶ ending ──▶ ended
 *      └───────────────────▲
 */
export class EndOnce {
  readonly #onEnd: (cause: Error) => void
  readonly #closed: string
  #state: 'running' | 'ending' | 'ended' = 'running'
  #cause: Error | undefined
  /** Independent of the state, because messages may still have to be read from the channel at the end. */
  #channel: 'none' | 'open' | 'closed' = 'none'
  #grace: NodeJS.Timeout | undefined

  /** Calls `onEnd` once. `closed` is the cause if the channel closes and no other cause is known. */
  constructor(closed: string, onEnd: (cause: Error) => void) {
    this.#closed = closed
    this.#onEnd = onEnd
  }

  get hasOpenChannel(): boolean {
    return this.#channel === 'open'
  }

  channelOpened(): void {
    this.#channel = 'open'
  }

  channelClosed(): void {
    this.#channel = 'closed'
    this.#advance()
  }

  /** Called when the worker has ended, or could not start. The first cause counts. */
  fail(cause: Error): void {
    this.#cause ??= cause
    this.#advance()
  }

  #advance(): void {
    if (this.#state === 'ended') return
    if (this.#cause !== undefined && this.#channel !== 'open') return this.#tell()
    if (this.#state === 'ending') return
    this.#state = 'ending'
    // If the gateway was busy for the whole time, messages may have come meanwhile. They are read before the
    // immediate.
    this.#grace = setTimeout(() => setImmediate(() => this.#tell()), closingGrace)
  }

  #tell(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#grace)
    this.#onEnd(this.#cause ?? new Error(this.#closed))
  }
}

/** The end of a worker's process by its exit code or a signal. */
export class ProcessEnd extends Error {
  /**
   * Whether a fault signal such as SIGSEGV ended the process. Such signals come from the code that ran there.
   */
  readonly isFault: boolean

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(signal === null ? `its process ended with exit code ${code}` : `its process ended by ${signal}`)
    this.isFault = signal !== null && faultSignals.has(signal)
  }
}

const faultSignals = new Set<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE'])
