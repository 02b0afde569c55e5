/**
 * A budget of bytes that all clients share.
 *
 * While it is exceeded, a client with more than an equal share is greedy. It must give way when bytes are
 * added for it.
 */
export class SharedBudget {
  readonly #limit: number
  readonly #clients: () => number
  #bytes = 0

  /** `clients` returns the present number of clients. */
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
