/** The asynchronous requests of this worker that have not ended, by id, so that they can be aborted. */
import type { AbortReason } from '../../shared/link/inbox.js'
import type { RequestRun } from './request-run.js'

export class RunningRequests {
  readonly #runs = new Map<number, RequestRun>()

  get size(): number {
    return this.#runs.size
  }

  add(run: RequestRun): void {
    this.#runs.set(run.rid, run)
  }

  remove(run: RequestRun): void {
    this.#runs.delete(run.rid)
  }

  abort(rid: number, reason: AbortReason): void {
    this.#runs.get(rid)?.abort(reason)
  }
}
