/**
 * Listeners, each registered under a name, such as an event's name. A listener that throws does not disturb
 * the others: its error is rethrown in a microtask, where the platform reports it.
 */

export class Listeners<Name, Args extends unknown[]> {
  readonly #byName = new Map<Name, Set<(...args: Args) => void>>()

  /** Whether there are no listeners at all. */
  get isEmpty(): boolean {
    return this.#byName.size === 0
  }

  /** Adds a listener. Returns the function that removes it. */
  add(name: Name, listener: (...args: Args) => void): () => void {
    // Wrapped anew for each call: if a function was added twice, each remover removes one entry.
    const entry = (...args: Args) => listener(...args)
    const entries = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, entries.add(entry))
    return () => {
      entries.delete(entry)
      if (entries.size === 0 && this.#byName.get(name) === entries) this.#byName.delete(name)
    }
  }

  /** Calls the listeners of that name. Returns whether there were any. */
  tell(name: Name, ...args: Args): boolean {
    const entries = this.#byName.get(name)
    if (entries === undefined) return false
    for (const entry of [...entries]) callListener(entry, ...args)
    return true
  }
}

/** Calls a function of the game; what it throws is rethrown in a microtask. */
export function callListener<Args extends unknown[]>(listener: (...args: Args) => void, ...args: Args): void {
  try {
    listener(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
