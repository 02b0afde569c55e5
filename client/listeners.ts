/** Functions that are called by name. One that throws disturbs no other: its error is the platform's to report. */

export class Listeners<Name, Args extends unknown[]> {
  readonly #byName = new Map<Name, Set<(...args: Args) => void>>()

  /** Gives the function that takes it out again. */
  add(name: Name, listener: (...args: Args) => void): () => void {
    // One of its own for each call: who adds a function twice takes one of them out.
    const entry = (...args: Args) => listener(...args)
    const entries = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, entries.add(entry))
    return () => {
      entries.delete(entry)
      if (entries.size === 0 && this.#byName.get(name) === entries) this.#byName.delete(name)
    }
  }

  /** Gives whether there was any. */
  tell(name: Name, ...args: Args): boolean {
    const entries = this.#byName.get(name)
    if (entries === undefined) return false
    for (const entry of [...entries]) {
      try {
        entry(...args)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    return true
  }
}
