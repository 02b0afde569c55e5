/** A clock and timers of a test's own: time passes when the test says so, and at once. */

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class VirtualTime {
  #now = 1_000
  #due: Due[] = []
  #order = 0

  readonly monotonic = (): number => this.#now

  /** The schedule of a LocalNetwork. */
  readonly schedule = (ms: number, run: () => void): (() => void) => {
    const due: Due = { at: this.#now + ms, order: this.#order++, run }
    this.#due.push(due)
    return () => {
      this.#due = this.#due.filter(each => each !== due)
    }
  }

  /** The timing of links. */
  readonly timing = {
    monotonic: this.monotonic,
    soon: (run: () => void): void => void this.schedule(0, run),
    after: this.schedule
  }

  /** Number of timers that are due at some time. */
  get waiting(): number {
    return this.#due.length
  }

  /** Lets time pass, and runs what becomes due in its order. */
  pass(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const due = next
      this.#due = this.#due.filter(each => each !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
    }
    this.#now = end
  }

  #next(end: number): Due | undefined {
    let first: Due | undefined
    for (const due of this.#due) {
      if (due.at > end) continue
      if (first === undefined || due.at < first.at || (due.at === first.at && due.order < first.order))
        first = due
    }
    return first
  }
}
