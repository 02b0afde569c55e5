/**
 * In whose name an operation is asked for: a request, or nobody (a timer, a hook). Says whether it may still
 * be asked for, and keeps count of the operations that must be answered before the session's next request
 * starts.
 */
import { type Author, currentAuthor } from '../runtime/author.js'
import type { SessionView } from './session-view.js'

export interface Caller {
  /** The request's number; 0: no request. */
  readonly rid: number
  readonly route: string
  /** Whose operations are counted; undefined: nobody's. */
  readonly author: Author | undefined
  /** The view of the request's own session, which the requests after it read; undefined: no request. */
  readonly view: SessionView | undefined
  /** Throws when what the origin does has no effect any more. */
  expectAlive(): void
  /** The view that a change counts for: 0, nobody's, once the request has ended. */
  viewIdOf(view: SessionView): number
  /** Holds the end of the request until `answer` is there, kept or refused. */
  awaitOperation(answer: Promise<unknown>): void
}

/**
 * Whoever asks outside any request: by `app`, also from within one, which is counted as that request's doing.
 */
export const nobody: Caller = {
  rid: 0,
  route: '',
  get author() {
    return currentAuthor()
  },
  view: undefined,
  expectAlive() {},
  viewIdOf: view => view.viewId,
  awaitOperation() {}
}
