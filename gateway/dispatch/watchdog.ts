/**
 * Checks that workers make progress. Their event loops must turn, and they must take the requests that wait
 * for them. A worker without progress blocks all sessions with requests there, so it is replaced, whatever
 * the reason. Counts checks rather than milliseconds, because no checks happen while the gateway is blocked
 * or the machine sleeps.
 */
import { readPulse } from '../../shared/link/claims.js'
import type { Logger } from '../../shared/text/log.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Pool } from '../pool/pool.js'
import type { Worker } from '../pool/worker.js'
import type { RequestQueue } from './request-queue.js'

/** Number of heartbeats of a worker, and of checks by the watchdog, within `stuckAfter`. */
export const pulsesPerVerdict = 5

/** Number of checks without progress after which a worker does not count as ready. */
const checksPerDoubt = 3

/** The last observations of a worker, and the numbers of checks for which they have not changed. */
interface Seen {
  pulse: number
  /** Number of consecutive checks without a new heartbeat. */
  silences: number
  progress: number
  running: number
  /** Number of consecutive checks at which requests waited for the worker and it had made no progress. */
  stalls: number
}

export interface WatchdogInit {
  readonly pool: Pick<Pool, 'up' | 'alive' | 'renew'>
  readonly queue: Pick<RequestQueue, 'hasWorkFor'>
  readonly timeLimits: Pick<TimeLimits, 'areOff' | 'look'>
  /** Milliseconds without progress after which a worker is replaced; 0 turns the checks off. */
  readonly stuckAfter: number
  readonly log: Logger
}

export class Watchdog {
  readonly #init: WatchdogInit
  #seen = new WeakMap<Worker, Seen>()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(init: WatchdogInit) {
    this.#init = init
    const { stuckAfter } = init
    if (stuckAfter > 0) this.#timer = setInterval(() => this.#check(), stuckAfter / pulsesPerVerdict).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** The workers that make progress or have nothing to do. */
  get readyWorkers(): Worker[] {
    return this.#init.pool.up.filter(worker => {
      const { silences, stalls } = this.#seen.get(worker) ?? { silences: 0, stalls: 0 }
      return worker.state === 'up' && Math.max(silences, stalls) < checksPerDoubt
    })
  }

  #check(): void {
    const { pool, timeLimits, log, stuckAfter: ms } = this.#init
    timeLimits.look()
    if (timeLimits.areOff) {
      // Checks that were missed count for nothing once the limits are on again.
      this.#seen = new WeakMap()
      return
    }
    for (const worker of pool.alive) {
      if (worker.examination.isOn) {
        // A heap snapshot stops the event loop for as long as it takes.
        this.#seen.delete(worker)
        continue
      }
      const seen = this.#seen.get(worker) ?? { pulse: 0, silences: -1, progress: 0, running: 0, stalls: 0 }
      this.#seen.set(worker, seen)
      this.#compare(worker, seen)
      // Waits for one check more than there are heartbeats, since a heartbeat may follow just after a check.
      // Compares with `===`, so that each worker is ended once.
      if (seen.silences === pulsesPerVerdict + 1) {
        log.error('A worker is stuck, and is ended', { worker: worker.index, ms })
        worker.ending.killStuck(ms)
      } else if (seen.stalls === pulsesPerVerdict + 1) this.#endStall(worker)
    }
  }

  #compare(worker: Worker, seen: Seen): void {
    const pulse = readPulse(worker.claims)
    seen.silences = seen.pulse === pulse ? seen.silences + 1 : 0
    seen.pulse = pulse
    const isWaitedFor = worker.state === 'up' && this.#init.queue.hasWorkFor(worker.index)
    // A change of the running request is progress too. Long-running requests send no messages, so the id of
    // the running one is read from shared memory or from a file.
    const running = isWaitedFor ? worker.running : 0
    const isSame = seen.progress === worker.load.progress && seen.running === running
    seen.stalls = isWaitedFor && isSame ? seen.stalls + 1 : 0
    seen.progress = worker.load.progress
    seen.running = running
  }

  /**
   * Replaces a worker that takes none of its waiting requests. A full worker may finish its requests; any
   * other worker is killed.
   */
  #endStall(worker: Worker): void {
    const { pool, log, stuckAfter: ms } = this.#init
    if (worker.load.isFull) return pool.renew(worker, `it is full, and nothing of it has ended for ${ms} ms`)
    log.error('A worker takes no requests, and is ended', { worker: worker.index, ms })
    worker.ending.killFor(`it took no requests for ${ms} ms`, true)
  }
}
