/**
 * Whose doing it is what runs: Node carries a request's author along to all that its handler begins, such as timers,
 * promises and callbacks, for as long as these last. An error that nobody caught is blamed on the author in whose
 * context it was thrown, however long ago that request has ended.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { errors } from '../../shared/errors.js'

/**
 * A request, by no more than its names: what a request has begun may last for long, and keeps its author alive. Counts
 * what is asked for as its doing until it has ended; what goes on after that has the game's own clock to answer for.
 */
export class Author {
  readonly rid: number
  readonly route: string
  /** Set once the request has ended. */
  isOver = false
  readonly #maxOperations: number
  #operations = 0
  #isTold = false

  /** `maxOperations`: that one request may ask for; 0: any number. */
  constructor(rid: number, route: string, maxOperations: number) {
    this.rid = rid
    this.route = route
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

  /** Whether that it has asked for too much is to be told: once. */
  tellLimit(): boolean {
    const isFirst = !this.#isTold
    this.#isTold = true
    return isFirst
  }
}

const authors = new AsyncLocalStorage<Author>()

/** Calls `work` as that author's doing. */
export function actAs<Args extends unknown[], Result>(
  author: Author,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  return authors.run(author, work, ...args)
}

/** The author of what runs now; undefined: nobody's request has begun it. */
export function currentAuthor(): Author | undefined {
  return authors.getStore()
}
