/**
 * Looks whether the event loops of workers turn. One that does not, for long, holds up all who have something there: its thread
 * is ended. Looks are counted, not milliseconds: while the gateway itself stands still, or the machine sleeps, there are none.
 */
import { readPulse } from '../shared/claims.js'
import type { Logger } from '../shared/log.js'
import type { Metrics } from './metrics.js'
import type { Pool } from './pool.js'
import type { Worker } from './worker.js'

/** Beats of a worker's pulse, and looks at it, in the time after which it is stuck. */
export const pulsesPerVerdict = 5

/** A worker's pulse as it was, and for how many looks it has been that. */
interface Seen {
  pulse: number
  looks: number
}

export class Watchdog {
  readonly #seen = new WeakMap<Worker, Seen>()
  readonly #timer: NodeJS.Timeout | undefined

  /** `stuckAfter`: milliseconds; 0: nobody is looked at. */
  constructor(pool: Pick<Pool, 'alive'>, stuckAfter: number, metrics: Metrics, log: Logger) {
    if (stuckAfter === 0) return
    const look = () => {
      for (const worker of pool.alive) if (this.#isStuck(worker)) end(worker)
    }
    const end = (worker: Worker) => {
      metrics.count('workersStuck')
      log.error('A worker is stuck, and is ended', { worker: worker.index, ms: stuckAfter })
      worker.endStuck(stuckAfter)
    }
    this.#timer = setInterval(look, stuckAfter / pulsesPerVerdict).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #isStuck(worker: Worker): boolean {
    const pulse = readPulse(worker.claims)
    const seen = this.#seen.get(worker)
    if (seen === undefined || seen.pulse !== pulse) {
      this.#seen.set(worker, { pulse, looks: 0 })
      return false
    }
    // One look more than there are beats: a beat may come just behind a look. And only once.
    return ++seen.looks === pulsesPerVerdict + 1
  }
}
