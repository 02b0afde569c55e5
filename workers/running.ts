/** The requests that have started in this worker and not ended: whom an abort is for, and whom a crash is blamed on. */
import type { AbortReason } from '../shared/inbox.js'
import type { Run } from './run.js'

export class Running {
  readonly #runs = new Map<number, Run>()
  /** The request whose handler's synchronous part runs at this moment. */
  current: Run | undefined

  get size(): number {
    return this.#runs.size
  }

  add(run: Run): void {
    this.#runs.set(run.rid, run)
  }

  remove(run: Run): void {
    this.#runs.delete(run.rid)
  }

  abort(rid: number, reason: AbortReason): void {
    this.#runs.get(rid)?.abort(reason)
  }

  /** The request that what happens now must be the doing of; 0 where that can't be said. */
  get culprit(): number {
    if (this.current !== undefined) return this.current.rid
    if (this.#runs.size !== 1) return 0
    const [only] = this.#runs.keys()
    return only ?? 0
  }
}
