/**
 * Whose doing it is what runs: Node carries a request's author along to all that its handler begins, such as timers,
 * promises and callbacks, for as long as these last. An error that nobody caught is blamed on the author in whose
 * context it was thrown, however long ago that request has ended.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** A request, by no more than its names: what a request has begun may last for long, and keeps its author alive. */
export class Author {
  readonly rid: number
  readonly route: string

  constructor(rid: number, route: string) {
    this.rid = rid
    this.route = route
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
