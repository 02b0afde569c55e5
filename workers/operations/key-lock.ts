/**
 * A lock for each key, so that concurrent updates of one key in this worker run one after the other.
 * Each update starts from the value that the previous update has left. Without the lock all but one update
 * would be refused and tried again, and the work would grow with the square of their number. The lock is
 * never held while the game's code is awaited: an asynchronous update releases it first.
 */

/** The value that the previous holder has left: the key's text, or undefined if there is no such key. */
export interface Left {
  readonly text: string | undefined
}

type Waiting = (left: Left | undefined) => void

export class KeyLock {
  /** Waiting callers by the lock's name. A name is in the map while its lock is held. */
  readonly #waiting = new Map<string, Waiting[]>()

  /**
   * Acquires the lock. Returns undefined if it was free. Otherwise returns a promise, which resolves with the
   * value of the previous holder once the lock is acquired; undefined if that value is not known.
   */
  enter(name: string): Promise<Left | undefined> | undefined {
    const waiting = this.#waiting.get(name)
    if (waiting !== undefined) return new Promise(resolve => waiting.push(resolve))
    this.#waiting.set(name, [])
    return undefined
  }

  /** Passes the lock to the next waiting caller, or frees it. */
  leave(name: string, left: Left | undefined): void {
    const next = this.#waiting.get(name)?.shift()
    if (next === undefined) this.#waiting.delete(name)
    else next(left)
  }
}
