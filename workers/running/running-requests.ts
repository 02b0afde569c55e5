/** The requests of this worker that wait for something, by id, so that they can be aborted. */
import type { AbortReason } from '../../shared/link/inbox.js'

/** What is told that a request was decided without its handler: its run, or its turn before it starts. */
export interface Abortable {
  abort(reason: AbortReason): void
}

export class RunningRequests {
  /** Asynchronous requests that have not ended, and requests whose turn goes on in the next round. */
  readonly #waiting = new Map<number, Abortable>()

  get size(): number {
    return this.#waiting.size
  }

  add(rid: number, abortable: Abortable): void {
    this.#waiting.set(rid, abortable)
  }

  remove(rid: number): void {
    this.#waiting.delete(rid)
  }

  abort(rid: number, reason: AbortReason): void {
    this.#waiting.get(rid)?.abort(reason)
  }
}
