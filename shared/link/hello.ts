/**
 * The first messages of a worker: a thread offers its link, then each worker reports what it has loaded.
 * In development it also reports the files that it loads, before its hello and at any time after it.
 * A hello is sent once, before the first outcome. The position of a route in it is the index by which batches
 * name the route.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ThreadFigures } from '../figures/thread-figures.js'
import type { OutboxMessage } from './outbox.js'
import type { HandlerSchemas, RouteOptions } from './route-options.js'

export interface RouteHello {
  readonly route: string
  /** The module's file, relative to the handlers' folder. */
  readonly file: string
  readonly options: RouteOptions
  /** Absent without schemas. */
  readonly schemas?: HandlerSchemas
}

/** A remark on the handlers' folder that is no error, such as a file without handlers. A line of the log. */
export interface LoadingNote {
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly fields: Readonly<Record<string, string | number>>
}

/** A worker's report that its handlers are loaded, or why they are not. */
export type Hello =
  | {
      readonly kind: 'hello'
      /** Batches name a route by its index in this list. */
      readonly routes: readonly RouteHello[]
      /**
       * Session hooks, under routes such as those of `hookRoutes`, the outermost folder first. Their indexes
       * in batches follow those of `routes`.
       */
      readonly hooks: readonly RouteHello[]
      /** Whether the worker has to be told before its thread ends, so that it can run `onStop`. */
      readonly stops: boolean
      /** Empty if there is nothing to remark. */
      readonly notes: readonly LoadingNote[]
    }
  | { readonly kind: 'failed'; readonly message: string }

/** A worker's report in development of files that its modules come from. */
export interface LoadedFiles {
  readonly kind: 'loaded'
  /** Absolute paths of modules that were found. */
  readonly files: readonly string[]
  /** Absolute paths at one of which a module was looked for that was not found. */
  readonly missing: readonly string[]
}

/** A worker's report of what it loads or starts from now on, until the next such report or its hello. */
export interface LoadingStep {
  readonly kind: 'step'
  /** A module's file, relative to the handlers' folder, or `onStart`. */
  readonly what: string
}

/** Opens a thread's link. Every other message on a thread's `parentPort` belongs to the game. */
export interface LinkOffer {
  readonly kind: 'link'
  readonly port: MessagePort
}

/** A worker's report that an inspector was opened or closed in it. May come before the hello. */
export interface InspectorReport {
  readonly kind: 'inspector'
  /** The inspector's host and port; null: it is closed. */
  readonly at: string | null
}

/** A worker's report of the figures of its thread, every few seconds, if it was asked for. */
export interface FiguresReport {
  readonly kind: 'figures'
  readonly figures: ThreadFigures
}

/** The messages that a worker sends over its link. */
export type FromWorker = FiguresReport | Hello | InspectorReport | LoadedFiles | LoadingStep | OutboxMessage
