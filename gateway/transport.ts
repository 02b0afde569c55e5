/**
 * What carries batches and messages between the gateway and one worker, for one life of the worker: a thread (thread.ts) or a
 * process (worker-process.ts); tests have one without either.
 */
import type { Batch } from '../shared/batch.js'
import type { Hello, WorkerSetup } from '../shared/hello.js'
import type { InboxMessage } from '../shared/inbox.js'
import type { OutboxMessage } from '../shared/outbox.js'

export interface Transport {
  /** The request whose code runs there now, or did last, as `runningAs` gives its number; 0: none. */
  readonly running: number
  run(batch: Batch): void
  post(message: InboxMessage): void
  /** Lets the game end there what it began. Resolves when it has. */
  stop(): Promise<void>
  /** Ends the worker, whatever it does. */
  terminate(): Promise<void>
}

export interface TransportInit {
  readonly setup: WorkerSetup
  readonly onHello: (hello: Hello) => void
  readonly onMessage: (message: OutboxMessage) => void
  /** Once, after the last message was given. */
  readonly onEnd: (cause: Error) => void
}
