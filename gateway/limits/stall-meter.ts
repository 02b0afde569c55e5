/**
 * Measures how long the process stood still between two looks of a timer. Nothing that happened outside was
 * read meanwhile, so nobody counts as silent for that time.
 *
 * A test may pass time on at once, by a clock of its own. That is no stall: the machine's clock says so.
 */
import { monotonicClock } from '../../shared/clock.js'

export class StallMeter {
  readonly #interval: number
  #lookedAt = 0
  #reallyLookedAt = 0

  /** @param interval milliseconds between two looks */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** Begins to measure. `now`: time by the gateway's clock. */
  begin(now: number): void {
    this.#lookedAt = now
    this.#reallyLookedAt = monotonicClock()
  }

  /** Returns the milliseconds of the stall since the last look; 0 if it was shorter than an interval. */
  look(now: number): number {
    const passed = Math.min(now - this.#lookedAt, monotonicClock() - this.#reallyLookedAt)
    this.begin(now)
    const stalled = passed - this.#interval
    return stalled > this.#interval ? stalled : 0
  }
}
