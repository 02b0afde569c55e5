/**
 * Looks whether workers get on: whether their event loops turn, and whether they take what waits for them. One that does not, for
 * long, holds up all who have something there, and is replaced, whatever the reason. Looks are counted, not milliseconds: while
 * the gateway itself stands still, or the machine sleeps, there are none.
 */
import { readPulse } from '../../shared/link/claims.js'
import type { Logger } from '../../shared/text/log.js'
import type { Pool } from '../pool/pool.js'
import type { Worker } from '../pool/worker.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Dispatcher } from './dispatcher.js'

/** Beats of a worker's pulse, and looks at it, in the time after which it is stuck. */
export const pulsesPerVerdict = 5

/** Looks without progress after which nobody new is to be sent to a worker. */
const looksPerDoubt = 3

/** What was seen of a worker, and for how many looks it has been the same. */
interface Seen {
  pulse: number
  looks: number
  progress: number
  running: number
  /** Looks at which requests waited for it, and it had not got on. */
  stalls: number
}

export interface WatchdogInit {
  readonly pool: Pick<Pool, 'up' | 'alive' | 'renew'>
  readonly dispatcher: Pick<Dispatcher, 'hasWorkFor'>
  /** Milliseconds; 0: nobody is looked at. */
  readonly stuckAfter: number
  readonly metrics: Metrics
  readonly log: Logger
}

export class Watchdog {
  readonly #init: WatchdogInit
  readonly #seen = new WeakMap<Worker, Seen>()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(init: WatchdogInit) {
    this.#init = init
    const { stuckAfter } = init
    if (stuckAfter > 0) this.#timer = setInterval(() => this.#look(), stuckAfter / pulsesPerVerdict).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Whether there is a worker that gets on with its work, or has none. */
  get hasReadyWorker(): boolean {
    return this.#init.pool.up.some(worker => {
      const { looks, stalls } = this.#seen.get(worker) ?? { looks: 0, stalls: 0 }
      return worker.state === 'up' && Math.max(looks, stalls) < looksPerDoubt
    })
  }

  #look(): void {
    const { pool, metrics, log, stuckAfter: ms } = this.#init
    for (const worker of pool.alive) {
      const seen = this.#seen.get(worker) ?? { pulse: 0, looks: -1, progress: 0, running: 0, stalls: 0 }
      this.#seen.set(worker, seen)
      this.#compare(worker, seen)
      // One look more than there are beats: a beat may come just behind a look. And only once.
      if (seen.looks === pulsesPerVerdict + 1) {
        metrics.count('workersStuck')
        log.error('A worker is stuck, and is ended', { worker: worker.index, ms })
        worker.endStuck(ms)
      } else if (seen.stalls === pulsesPerVerdict + 1) this.#endStall(worker)
    }
  }

  #compare(worker: Worker, seen: Seen): void {
    const pulse = readPulse(worker.claims)
    seen.looks = seen.pulse === pulse ? seen.looks + 1 : 0
    seen.pulse = pulse
    const isWaitedFor = worker.state === 'up' && this.#init.dispatcher.hasWorkFor(worker.index)
    // What begins or goes on in it is told by memory, or a file: of those that are long at work no message has come.
    const running = isWaitedFor ? worker.running : 0
    const isSame = seen.progress === worker.load.progress && seen.running === running
    seen.stalls = isWaitedFor && isSame ? seen.stalls + 1 : 0
    seen.progress = worker.load.progress
    seen.running = running
  }

  /** Requests wait for a worker, and it takes none. One that is full ends what it has; any other one is ended. */
  #endStall(worker: Worker): void {
    const { pool, metrics, log, stuckAfter: ms } = this.#init
    if (worker.load.isFull) return pool.renew(worker, `it is full, and nothing of it has ended for ${ms} ms`)
    metrics.count('workersMute')
    log.error('A worker takes no requests, and is ended', { worker: worker.index, ms })
    worker.endFor(`it took no requests for ${ms} ms`)
  }
}
