/**
 * Tracks the request that caused the currently running code. With AsyncLocalStorage, Node passes a
 * request's author on to everything that its handler starts, such as timers, promises and callbacks, for as
 * long as these last. An uncaught error is blamed on the author in whose context it was thrown, even if
 * that request has ended long ago.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { errors } from '../../shared/errors.js'

/** What names a request. */
export interface AuthorNames {
  readonly rid: number
  readonly route: string
  /** The number of its session. */
  readonly sid: number
}

/**
 * A request as the cause of running code. Holds only what names the request, because all timers and promises
 * of the request keep the author in memory. Counts the operations of the request until it has ended;
 * later operations are not limited.
 */
export class Author {
  readonly rid: number
  readonly route: string
  readonly sid: number
  /** Set once the request has ended. */
  isOver = false
  readonly #maxOperations: number
  #operations = 0
  #isTold = false

  /**
   * Creates the author of a request. `maxOperations` is the maximum number of its operations; 0 means
   * unlimited.
   */
  constructor({ rid, route, sid }: AuthorNames, maxOperations: number) {
    this.rid = rid
    this.route = route
    this.sid = sid
    this.#maxOperations = maxOperations
  }

  /**
   * Counts one more operation.
   *
   * @throws `TOO_MANY_OPERATIONS`
   */
  countOperation(): void {
    const limit = this.#maxOperations
    if (this.isOver || ++this.#operations <= limit || limit === 0) return
    throw errors.tooManyOperations(this.route, limit)
  }

  /** Whether to log that the limit is exceeded: true for the first call only. */
  tellLimit(): boolean {
    const isFirst = !this.#isTold
    this.#isTold = true
    return isFirst
  }
}

const authors = new AsyncLocalStorage<Author>()

/** Calls `work` on behalf of that author. */
export function actAs<Args extends unknown[], Result>(
  author: Author,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  return authors.run(author, work, ...args)
}

/** Returns the author of the code that runs now; undefined if no request has caused it. */
export function currentAuthor(): Author | undefined {
  return authors.getStore()
}
