/** A gateway's clock for tests, which stands still until it is told to go on. */
import { until } from './until.js'

/** Milliseconds of a step: short enough that a gateway with intervals of 40 ms sees nothing standing still. */
const step = 10

export class Clock {
  #time = 1_700_000_000_000
  /** How often somebody asked for the time. */
  asked = 0

  /** The option of the gateway. */
  readonly monotonic = (): number => {
    this.asked++
    return this.#time
  }

  /** Moves the time on at once, and waits for nothing. */
  pass(ms: number): void {
    this.#time += ms
  }

  /** Moves the time on at once, as a sleep of the machine does, and waits until the gateway has looked. */
  async jump(ms: number): Promise<void> {
    this.pass(ms)
    await this.looked()
  }

  /** Goes on by so many milliseconds, step by step. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= step) await this.jump(Math.min(left, step))
  }

  /** Waits until the time was asked for more than once: whoever was about to look has. */
  async looked(): Promise<void> {
    const { asked } = this
    await until('the gateway looked at the clock', () => this.asked > asked + 1)
  }
}
