/**
 * A lock for each key, so that concurrent updates of one key in this worker run one after the other.
 * Each update gets the value that the one before it has left. Without the lock all but one would be refused
 * and tried again, which makes work that grows with the square of their number. The lock is never held while
 * the game's code is awaited: an asynchronous update releases it first.
 */

/** What the previous holder has left: the key's text, undefined if there is no such key. */
export interface Left {
  readonly text: string | undefined
}

type Waiting = (left: Left | undefined) => void

export class KeyLock {
  /** Those that wait, by name. A name is in the map while its lock is held. */
  readonly #waiting = new Map<string, Waiting[]>()

  /**
   * Acquires the lock. Returns undefined if it was free. Otherwise returns a promise that resolves when it
   * is, with what the previous holder has left, if that is known.
   */
  enter(name: string): Promise<Left | undefined> | undefined {
    const waiting = this.#waiting.get(name)
    if (waiting !== undefined) return new Promise(resolve => waiting.push(resolve))
    this.#waiting.set(name, [])
    return undefined
  }

  /** Passes the lock to the next that waits, or frees it. */
  leave(name: string, left: Left | undefined): void {
    const next = this.#waiting.get(name)?.shift()
    if (next === undefined) this.#waiting.delete(name)
    else next(left)
  }
}
