/**
 * Whether an operator examines a worker, for example by a heap snapshot. Its event loop may stand still
 * meanwhile, and nothing ends the worker for that.
 */

/** Milliseconds after an examination in which a worker is not ended for what it has missed. */
const grace = 1_000

export class Examination {
  readonly #onOver: () => void
  #running = 0

  /** Calls `onOver` after each examination: what was ignored meanwhile is judged then. */
  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  get isOn(): boolean {
    return this.#running > 0
  }

  /** Begins an examination, which lasts until `answered` settles. */
  async last(answered: Promise<unknown>): Promise<void> {
    this.#running++
    await answered.catch(() => {})
    setTimeout(() => {
      this.#running--
      this.#onOver()
    }, grace).unref()
  }
}
