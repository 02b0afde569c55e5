/**
 * A budget of bytes that all clients share.
 *
 * A client is greedy if it uses more than an equal share of the limit. While the budget is exceeded, the
 * owner of a greedy client's bytes drops some of them, or closes the connection, when it adds more.
 */
export class SharedBudget {
  readonly #limit: number
  readonly #clients: () => number
  #bytes = 0

  /** @param clients returns the present number of clients */
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
