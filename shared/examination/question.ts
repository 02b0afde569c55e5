/**
 * Questions of the gateway to a worker about itself, asked while somebody looks at the console.
 *
 * A question is no work: it takes no request's place and changes nothing. The answer of a worker is a value
 * of unknown type, since the code of the game may have forged it: who asks checks it.
 */

export type WorkerQuestion =
  /** Answered with a `WorkerStatus`. */
  | { readonly kind: 'status' }
  /** Answered with `RouteSchemas[]`, as JSON. */
  | { readonly kind: 'schemas' }
  /** Records a CPU profile for `ms` milliseconds, and writes it to a file. */
  | { readonly kind: 'profile'; readonly file: string; readonly ms: number }
  /** Writes a heap snapshot to a file. The event loop stands still meanwhile. */
  | { readonly kind: 'heapSnapshot'; readonly file: string }

export interface WorkerStatus {
  /** Id of the thread or the process. */
  readonly id: number
  /** Milliseconds for which the event loop was active, and for which it was idle, since its start. */
  readonly active: number
  readonly idle: number
  /** Bytes of the heap. */
  readonly heapUsed: number
  readonly heapTotal: number
  readonly heapLimit: number
}

/** The schemas of a route as JSON Schema; null where there is none, or where it can't be exported. */
export interface RouteSchemas {
  readonly route: string
  readonly body: unknown
  readonly reply: unknown
}
