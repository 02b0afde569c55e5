/** The plan of a load, as its threads get it, and the messages between a thread and the tool. */
import type { Figures } from './figures.js'

/** What all threads of a load have in common. */
export interface LoadPlan {
  readonly url: string
  /** Sockets, or players of a scenario, of all threads together. */
  readonly sockets: number
  readonly threads: number
  /** The route that is requested; undefined: a scenario says what is. */
  readonly route: string | undefined
  readonly body: unknown
  /** Requests that may be in flight on each socket. */
  readonly inFlight: number
  /** Requests that are due in a second, on all sockets together; undefined: a closed loop. */
  readonly rate: number | undefined
  /** Milliseconds for which requests are sent. */
  readonly duration: number
  /** Milliseconds over which the sockets connect. 0: as fast as the server accepts them. */
  readonly ramp: number
  /** Milliseconds between two cuts of each connection; undefined: none is cut. */
  readonly dropEvery: number | undefined
  /** Milliseconds that an attempt to connect, a request or a wait may take. */
  readonly timeout: number
  /** The option `user` of each client. */
  readonly user: unknown
  readonly scenario: ScenarioSetup | undefined
}

/** Where a scenario is, and what loads it. */
export interface ScenarioSetup {
  readonly file: string
  /** URLs of modules that register a loader of TypeScript. */
  readonly loaders: readonly string[]
  readonly tsconfig: string | undefined
}

/** The part of a load that one thread has. */
export interface ThreadSetup {
  readonly plan: LoadPlan
  /** Its number, from 0. Its sockets are each `threads`-th, beginning with this one. */
  readonly thread: number
}

/**
 * What a thread is told. `begin`: all threads are ready, so send. `stop`: send no more, and wait for nothing.
 */
export type ThreadOrder = 'begin' | 'stop'

/** What a thread tells. */
export type ThreadReport =
  /** The figures so far. */
  | { readonly kind: 'figures'; readonly figures: Figures }
  /** Its sockets are connected, as far as they could be. */
  | { readonly kind: 'ready'; readonly figures: Figures }
  /** It cannot begin. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ended'; readonly figures: Figures }

/** Returns the numbers of the sockets that a thread has. */
export function socketsOf({ plan: { sockets, threads }, thread }: ThreadSetup): number[] {
  return Array.from({ length: Math.ceil((sockets - thread) / threads) }, (_, i) => thread + i * threads)
}
