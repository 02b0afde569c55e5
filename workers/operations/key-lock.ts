/**
 * Updates of one key that this worker asks for at the same time pass one by one, each with the value that the
 * one before it has left. Side by side all but one would be refused and all tried again: work that grows with
 * the square of their number. Holds nobody up for the game's code: who has to wait for that steps outside
 * first.
 */

/** What who went through before has left: the key's text, undefined where there is no such key. */
export interface Left {
  readonly text: string | undefined
}

type Waiting = (left: Left | undefined) => void

export class KeyLock {
  /** By name; a name is here while somebody is inside. */
  readonly #waiting = new Map<string, Waiting[]>()

  /** Enters at once, giving undefined, or else in a while: then with what was left, if that is known. */
  enter(name: string): Promise<Left | undefined> | undefined {
    const waiting = this.#waiting.get(name)
    if (waiting !== undefined) return new Promise(resolve => waiting.push(resolve))
    this.#waiting.set(name, [])
    return undefined
  }

  leave(name: string, left: Left | undefined): void {
    const next = this.#waiting.get(name)?.shift()
    if (next === undefined) this.#waiting.delete(name)
    else next(left)
  }
}
