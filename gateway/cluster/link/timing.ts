/** Time as the links use it, so that a test can run them by a clock of its own. */
import { monotonicClock } from '../../../shared/clock.js'

export interface Timing {
  /** Milliseconds of a clock that can't be set. */
  readonly monotonic: () => number
  /** Calls `run` at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void
  /** Calls `run` after `ms` milliseconds. Keeps no process alive. Returns a function that takes it back. */
  readonly after: (ms: number, run: () => void) => () => void
}

/** The process's own time. */
export const processTiming: Timing = {
  monotonic: monotonicClock,
  soon: run => void setImmediate(run),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  }
}
