/**
 * Numbers of views that other gateways have made, unique among all views of this gateway.
 *
 * A view that has changed a session is known by its number later, so that its own changes are not foreign to
 * it. Only the latest views of each gateway are kept: one that fell out has a new number, so that its commit
 * may meet a conflict with itself. No conflict is ever missed.
 */

/** Views that are kept for each gateway. */
const keptViews = 16_384

/** Below the numbers of all views of own workers, which are unique by the worker's serial number. */
const firstNumber = -(2 ** 52)

let lastNumber = firstNumber

export class RemoteViews {
  readonly #numbers = new Map<number, number>()
  readonly #most: number

  constructor(most = keptViews) {
    this.#most = most
  }

  /** Returns the number of a view by its id in its own gateway; 0, which stands for no view, stays 0. */
  numberOf(viewId: number): number {
    if (viewId === 0) return 0
    const known = this.#numbers.get(viewId)
    if (known !== undefined) return known
    if (this.#numbers.size >= this.#most)
      for (const oldest of this.#numbers.keys()) {
        this.#numbers.delete(oldest)
        break
      }
    this.#numbers.set(viewId, --lastNumber)
    return lastNumber
  }
}
