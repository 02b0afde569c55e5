/**
 * The caller of an operation: a request, or `app` for code outside any request.
 * Decides whether an operation may still be sent. Counts the operations that must be answered before the
 * session's next request starts.
 */
import { type Author, currentAuthor } from '../runtime/author.js'
import type { SessionView } from './session-view.js'

export interface Caller {
  /** The request's id; 0 for no request. */
  readonly rid: number
  /** The request's route; '' for no request. */
  readonly route: string
  /** The author whose operations are counted; undefined if they are not counted. */
  readonly author: Author | undefined
  /**
   * The view of the request's own session, shared with the turn's later requests; undefined for no request.
   */
  readonly view: SessionView | undefined
  /** Throws `REQUEST_ENDED` if the caller's operations no longer have an effect. */
  expectAlive(): void
  /** Whether the request has ended. From then on, its own view belongs to the turn's later requests. */
  readonly hasEnded: boolean
  /**
   * Returns the view's id for a change. Once the request has ended, another one than that of the turn stands
   * for its own view.
   */
  viewIdOf(view: SessionView): number
  /**
   * Whether a push from this view is settled by the worker: once it is posted, nothing can refuse it or lose
   * it. Otherwise the gateway's ack settles it.
   */
  settlesPush(view: SessionView): boolean
  /** Delays the end of the request until `answer` is settled. */
  awaitOperation(answer: Promise<unknown>): void
}

/**
 * The caller of all operations through `app`, such as those of timers and of the hooks of a worker. If a
 * request's code uses `app`, the operation counts for that request.
 */
export const appCaller: Caller = {
  rid: 0,
  route: '',
  get author() {
    return currentAuthor()
  },
  view: undefined,
  expectAlive() {},
  hasEnded: false,
  viewIdOf: view => view.viewId,
  settlesPush: () => false,
  awaitOperation() {}
}
