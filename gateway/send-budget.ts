/**
 * What may wait to be sent to all clients together. While there is more, whoever has more than an equal share waiting
 * is closed as slow when something is sent to it.
 */
export class SendBudget {
  readonly #limit: number
  readonly #clients: () => number
  #bytes = 0

  /** `clients`: how many there are now. */
  constructor(limit: number, clients: () => number) {
    this.#limit = limit
    this.#clients = clients
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
