/** A gateway's clock for tests, which stands still until a test moves it. */
import { until } from './until.js'

/** Milliseconds of a step. */
const step = 10

export class Clock {
  #time = 1_700_000_000_000
  /** Number of times that the time was read. */
  asked = 0

  /** The gateway's option `monotonic`. */
  readonly monotonic = (): number => {
    this.asked++
    return this.#time
  }

  /** Moves the time on at once, without waiting for the gateway. */
  pass(ms: number): void {
    this.#time += ms
  }

  /** Moves the time on at once, and waits until the gateway has read it. */
  async jump(ms: number): Promise<void> {
    this.pass(ms)
    await this.looked()
  }

  /** Moves the time on by `ms` milliseconds, step by step. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= step) await this.jump(Math.min(left, step))
  }

  /** Waits until the time was read twice: a check that had begun before is then done. */
  async looked(): Promise<void> {
    const { asked } = this
    await until('the gateway looked at the clock', () => this.asked > asked + 1)
  }
}
