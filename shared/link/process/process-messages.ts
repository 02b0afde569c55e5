/**
 * The messages between the gateway and a worker process, all over one channel. A thread needs none of
 * these: it has a link of its own, shared memory, and Piscina.
 */

import type { WorkerQuestion } from '../../examination/question.js'
import type { Batch } from '../batch.js'
import type { FromWorker } from '../hello.js'
import type { InboxMessage } from '../inbox.js'
import type { WorkerSetup } from '../worker-setup.js'

/** The messages from the gateway to a worker process. */
export type ToProcess =
  | {
      readonly kind: 'setup'
      readonly setup: Omit<WorkerSetup, 'claims'>
      /** Whether Node's arguments ask for an inspector. */
      readonly asksInspector: boolean
    }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'inbox'; readonly message: InboxMessage }
  | { readonly kind: 'stop' }
  /** `id` is the number of the answer. */
  | { readonly kind: 'question'; readonly id: number; readonly question: WorkerQuestion }

/** The messages from a worker process to the gateway. */
export type FromProcess =
  | FromWorker
  /** A pulse: the event loop turns. */
  | { readonly kind: 'beat' }
  /** The game's `onStop` has run, and everything that it printed has been sent. */
  | { readonly kind: 'stopped' }
  /** The answer to a question. `failure`: why there is none. */
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown; readonly failure?: string }
  /** The game has called `process.send` with this message. */
  | { readonly kind: 'foreign'; readonly message: string }
