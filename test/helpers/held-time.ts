/** The process's timers and monotonic clock in the hands of a test: time passes when the test says so. */
import type { Test } from 'tap'

interface HeldTimer {
  readonly at: number
  readonly run: () => void
  unref(): HeldTimer
}

/** From its creation to the end of its test, `setTimeout` and `performance.now` go by this time. */
export class HeldTime {
  now = 0
  /** The milliseconds of all timers that were set, also by what else runs in this process. */
  readonly waits: number[] = []
  readonly #timers = new Set<HeldTimer>()
  #flows = false

  constructor(t: Test) {
    const { clearTimeout } = globalThis
    t.intercept(performance, 'now', { value: () => this.now })
    t.intercept(globalThis, 'setTimeout', {
      value: (run: () => void, ms = 0) => {
        const timer: HeldTimer = { at: this.now + ms, run, unref: () => timer }
        this.waits.push(ms)
        this.#timers.add(timer)
        if (this.#flows) setImmediate(() => this.pass(Math.max(0, timer.at - this.now)))
        return timer
      }
    })
    t.intercept(globalThis, 'clearTimeout', {
      // Timers from before, such as those of tap, are real ones.
      value: (timer: HeldTimer) => this.#timers.delete(timer) || clearTimeout(timer as never)
    })
  }

  /** Lets so many milliseconds pass, and runs the timers that become due, in their order. */
  pass(ms: number): void {
    const end = this.now + ms
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.now = Math.max(this.now, next.at)
      this.#timers.delete(next)
      next.run()
    }
    this.now = Math.max(this.now, end)
  }

  /** Lets time pass by itself from now on: each timer that is set is due in the next tick. */
  flow(): void {
    this.#flows = true
  }

  #first(end: number): HeldTimer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}
