/**
 * The connection between the gateway and one worker, for one life of the worker. It is a thread (thread.ts)
 * or a process (worker-process.ts); tests have one without either.
 */
import type { Batch } from '../../shared/link/batch.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import type { WorkerSetup } from '../../shared/link/worker-setup.js'

export interface Transport {
  /** The request whose code runs there now or ran there last, numbered as by `runningAs`; 0: none. */
  readonly running: number
  run(batch: Batch): void
  post(message: InboxMessage): void
  /**
   * Lets the game end what it began, and waits until its printed output has left. Resolves when both are
   * done.
   */
  stop(): Promise<void>
  /** Ends the worker, whatever it does. */
  terminate(): Promise<void>
}

/** What a transport calls. It does not check what it passes on: `WorkerMessages` validates it. */
export interface TransportInit {
  readonly setup: WorkerSetup
  /** Called with each message of the link. */
  readonly onMessage: (message: unknown) => void
  /** Called when the link delivered something that is no message. */
  readonly onUnreadable: (what: string) => void
  /** Called with what the game itself has sent to its parent thread or process. */
  readonly onForeign: (message: unknown) => void
  /** Called once, after the last message. */
  readonly onEnd: (cause: Error) => void
}

/**
 * Milliseconds that a worker may take to end once it was told to, and its channel to close after the worker's
 * end.
 */
export const closingGrace = 1_000

/**
 * The end of a transport, told once. It is complete when the cause is known and the channel is closed, since
 * nothing can arrive any more. If only one of them happens, the end is told after `closingGrace`.
 *
 *   running ──▶ ending ──▶ ended
 *      └───────────────────▲
 */
export class EndOnce {
  readonly #onEnd: (cause: Error) => void
  readonly #closed: string
  #state: 'running' | 'ending' | 'ended' = 'running'
  #cause: Error | undefined
  /** Independent of the state: what the channel holds may still have to be read at the end. */
  #channel: 'none' | 'open' | 'closed' = 'none'
  #grace: NodeJS.Timeout | undefined

  /** `closed`: the cause where the channel closes and nothing else is said. */
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

  /** The worker ends, or could not start. The first cause counts. */
  fail(cause: Error): void {
    this.#cause ??= cause
    this.#advance()
  }

  #advance(): void {
    if (this.#state === 'ended') return
    if (this.#cause !== undefined && this.#channel !== 'open') return this.#tell()
    if (this.#state === 'ending') return
    this.#state = 'ending'
    this.#grace = setTimeout(() => this.#tell(), closingGrace)
  }

  #tell(): void {
    this.#state = 'ended'
    clearTimeout(this.#grace)
    this.#onEnd(this.#cause ?? new Error(this.#closed))
  }
}

/** How a worker's process ended that gave no reason itself. */
export class ProcessEnd extends Error {
  /** Whether the code that ran there has ended it, and not a signal from outside. */
  readonly isItsOwn: boolean

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(signal === null ? `its process ended with exit code ${code}` : `its process ended by ${signal}`)
    this.isItsOwn = signal !== null && faultSignals.has(signal)
  }
}

const faultSignals = new Set<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE'])
