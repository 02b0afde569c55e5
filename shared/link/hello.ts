/** What a worker is started with, and what it says once its handlers are loaded, or are not. */
import type { MessagePort } from 'node:worker_threads'
import type { SettingsLimits } from '../values/settings-text.js'
import type { Batch } from './batch.js'
import type { ClaimTable } from './claims.js'
import type { InboxMessage } from './inbox.js'
import type { OutboxMessage } from './outbox.js'

/** What a worker is told as it starts: a thread's `workerData`. */
export interface WorkerSetup extends SettingsLimits {
  /** The worker's place among the workers, from 0: what handlers see as `context.worker.index`. */
  readonly index: number
  readonly frontendId: string
  /** Absolute path of the handlers' folder. */
  readonly handlers: string
  /** Addresses of what registers a loader for TypeScript; none: only JavaScript is loaded. */
  readonly typescriptLoaders: readonly string[]
  readonly claims: ClaimTable
  /** Bytes that a body may take, also once it is unzipped. */
  readonly maxBodyBytes: number
  /** Levels of arrays and objects that a body may have. */
  readonly maxBodyDepth: number
  /** Operations that one request may ask for, and lines that it may log; 0: any number. */
  readonly maxOperationsPerRequest: number
  /** Milliseconds between two beats of its pulse, by which the gateway sees that its event loop turns; 0: none. */
  readonly pulseInterval: number
  /** Whether replies are held to their schemas. */
  readonly isDevelopment: boolean
}

/** What a handler, or the folder it lies in, declares beside its code. */
export interface RouteOptions {
  /** The route's requests do not wait in their session's lane, and overlap with others of the session. */
  readonly concurrent?: boolean
  /** All requests whose session has the same value there run in one worker: `'uid'`, or a key of the settings. */
  readonly affinity?: string
  /** Milliseconds until the route's requests are answered with TIMEOUT; 0: never. */
  readonly timeout?: number
  /** Requests that one session may make of the route in a second, on average; a burst of twice as many. */
  readonly rateLimit?: number
}

export interface RouteHello {
  readonly route: string
  /** The file that offers it, below the handlers' folder. */
  readonly file: string
  readonly options: RouteOptions
}

export type Hello =
  | {
      readonly kind: 'hello'
      readonly routes: readonly RouteHello[]
      /** Hooks that it runs by the routes of `hookRoutes`: batches name them with the indexes behind those of `routes`. */
      readonly hooks: readonly RouteHello[]
      /** Whether it is to be told before its thread ends. */
      readonly stops: boolean
    }
  | { readonly kind: 'failed'; readonly message: string }

/** What opens a thread's link. All else that comes over a thread's `parentPort` is the game's own. */
export interface LinkOffer {
  readonly kind: 'link'
  readonly port: MessagePort
}

/** What comes over a link. */
export type FromWorker = Hello | OutboxMessage

/** Files that a worker that is a process finds open: its channel, see `ProcessChannel`. */
export const channelFile = 3

/** And the file into which it writes which request has the thread: an Int32, see `runningAs`. */
export const runningFile = 4

/** What the gateway says to a worker that is a process of its own. */
export type ToProcess =
  | { readonly kind: 'setup'; readonly setup: Omit<WorkerSetup, 'claims'> }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'inbox'; readonly message: InboxMessage }
  | { readonly kind: 'stop' }

/** What such a worker says beside. */
export type FromProcess =
  | FromWorker
  /** Its event loop turns. */
  | { readonly kind: 'beat' }
  /** The game has ended there what it began. */
  | { readonly kind: 'stopped' }
  /** The game has called `process.send`, with this. */
  | { readonly kind: 'foreign'; readonly message: string }
