/** The runs of onClose for sessions that have ended, in one world. */
export class Closings {
  /** Those that are not over, and those whose end nobody has waited for. */
  readonly #unsettled = new Set<Promise<unknown>>()

  add(closing: Promise<unknown>): void {
    // Its error is thrown by `settled`, which may be called later.
    closing.catch(() => {})
    this.#unsettled.add(closing)
  }

  /** Waits until each onClose is over. Their errors are left to `settled`. */
  async over(): Promise<void> {
    for (const closing of this.#unsettled) await closing.catch(() => {})
  }

  /** Waits until each onClose is over, whoever else waits for it. Rejects with the first error. */
  async settled(): Promise<void> {
    for (const closing of this.#unsettled) {
      try {
        await closing
      } finally {
        this.#unsettled.delete(closing)
      }
    }
  }
}
