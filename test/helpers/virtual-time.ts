/** Time for tests that passes only on order: a clock, and timers that run in the order of their moments. */
import { setImmediate as nextTurn } from 'node:timers/promises'

interface Timer {
  readonly at: number
  readonly serial: number
  readonly run: () => void
}

export class VirtualTime {
  #time: number
  #serial = 0
  readonly #timers = new Set<Timer>()

  constructor(start = 1_700_000_000_000) {
    this.#time = start
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => this.#time

  /** Calls `run` after `ms` milliseconds. Returns a function that cancels it. */
  readonly schedule = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#time + ms, serial: ++this.#serial, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Lets `ms` milliseconds pass. After each timer promises have their turn, which may set more timers. */
  async pass(ms: number): Promise<void> {
    const end = this.#time + ms
    await nextTurn()
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer)
      this.#time = timer.at
      timer.run()
      await nextTurn()
    }
    this.#time = end
  }

  /** The timer that is due first, until `end`. */
  #next(end: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > end) continue
      const isFirst = next === undefined || timer.at < next.at
      if (isFirst || (timer.at === next?.at && timer.serial < next.serial)) next = timer
    }
    return next
  }
}
