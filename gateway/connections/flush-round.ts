/**
 * Flushes the send queues of all clients once in each round of the event loop.
 * The flush runs in the check phase, after all sockets and links with data were read. So everything that one
 * round brings for a client leaves in one write. One for the whole process.
 */

export class FlushRound {
  #flushes: (() => void)[] = []
  #isAwaited = false

  /** Calls `flush` at the end of this round. To be called once for each queue and round. */
  add(flush: () => void): void {
    this.#flushes.push(flush)
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    const flushes = this.#flushes
    this.#flushes = []
    this.#isAwaited = false
    let done = 0
    try {
      for (const flush of flushes) {
        done++
        flush()
      }
    } finally {
      // A flush has thrown: the gateway drains, and the other clients still get what waits for them.
      for (const flush of flushes.slice(done)) this.add(flush)
    }
  }
}

export const flushRound = new FlushRound()
