/**
 * What carries batches and messages between the gateway and one worker, for one life of the worker: a thread (thread.ts) or a
 * process (worker-process.ts); tests have one without either.
 */
import type { Batch } from '../../shared/link/batch.js'
import type { InboxMessage } from '../../shared/link/inbox.js'
import type { WorkerSetup } from '../../shared/link/worker-setup.js'

export interface Transport {
  /** The request whose code runs there now, or did last, as `runningAs` gives its number; 0: none. */
  readonly running: number
  run(batch: Batch): void
  post(message: InboxMessage): void
  /** Lets the game end there what it began, and what it has printed leave. Resolves when both are done. */
  stop(): Promise<void>
  /** Ends the worker, whatever it does. */
  terminate(): Promise<void>
}

/** What a transport gives is unread: `WorkerMessages` is the wall that it comes through. */
export interface TransportInit {
  readonly setup: WorkerSetup
  /** With what came over the link. */
  readonly onMessage: (message: unknown) => void
  /** The link brought something that is no message. */
  readonly onUnreadable: (what: string) => void
  /** With what the game has said to whom it takes for its parent. */
  readonly onForeign: (message: unknown) => void
  /** Once, after the last message was given. */
  readonly onEnd: (cause: Error) => void
}

/** How a worker's process ended that had nothing to say. */
export class ProcessEnd extends Error {
  /** Whether what ran there has ended it, and nobody from outside. */
  readonly isItsOwn: boolean

  constructor(code: number | null, signal: NodeJS.Signals | null) {
    super(signal === null ? `its process ended with exit code ${code}` : `its process ended by ${signal}`)
    this.isItsOwn = signal !== null && faultSignals.has(signal)
  }
}

const faultSignals = new Set<NodeJS.Signals>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE'])
