/**
 * Bytes that all clients together may take. While they take more, whoever has more than an equal share is
 * greedy, and gives way when something is added for it.
 */
export class SharedBudget {
  readonly #limit: number
  readonly #clients: () => number
  #bytes = 0

  /** `clients`: how many there are now. */
  constructor(limit: number, clients: () => number) {
    this.#limit = limit
    this.#clients = clients
  }

  get bytes(): number {
    return this.#bytes
  }

  get isExceeded(): boolean {
    return this.#bytes > this.#limit
  }

  change(bytes: number): void {
    this.#bytes += bytes
  }

  isGreedy(bytes: number): boolean {
    return bytes * Math.max(1, this.#clients()) > this.#limit
  }
}
