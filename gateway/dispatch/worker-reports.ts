/**
 * Delivers each report of a worker to the part that acts on it. Only this file knows which part that is, and
 * in which order the parts learn that a worker has ended. One instance serves all workers of a gateway.
 */
import type { FullLogger, LogLevel } from '../../shared/text/log.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Pool } from '../pool/pool.js'
import type { Worker } from '../pool/worker.js'
import type { WorkerListener } from '../pool/worker-listener.js'
import type { Outcome } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Dispatcher } from './dispatcher.js'
import type { OpenRequests } from './open-requests.js'

/** Told of the lives of the workers, for the log and the console. None of its methods may throw. */
export interface WorkerWatcher {
  workerStarts?(worker: Worker): void
  workerUp(worker: Worker): void
  /** The worker has its place from now on. One of a generation that is given up never gets it. */
  workerPlaced?(worker: Worker): void
  workerEnded(worker: Worker, cause: Error): void
}

export interface WorkerReportsInit {
  readonly watchers: readonly WorkerWatcher[]
  readonly pool: Pool
  readonly dispatcher: Dispatcher
  readonly requests: OpenRequests
  readonly timeLimits: TimeLimits
  readonly log: FullLogger
}

export class WorkerReports implements WorkerListener {
  readonly #watchers: readonly WorkerWatcher[]
  readonly #pool: Pool
  readonly #dispatcher: Dispatcher
  readonly #requests: OpenRequests
  readonly #timeLimits: TimeLimits
  readonly #log: FullLogger

  constructor({ watchers, pool, dispatcher, requests, timeLimits, log }: WorkerReportsInit) {
    this.#watchers = watchers
    this.#pool = pool
    this.#dispatcher = dispatcher
    this.#requests = requests
    this.#timeLimits = timeLimits
    this.#log = log
  }

  workerUp(worker: Worker): void {
    this.#timeLimits.started(worker)
    for (const watcher of this.#watchers) watcher.workerUp(worker)
    this.#pool.workerUp(worker)
  }

  workerHasRoom(): void {
    this.#dispatcher.pumpSoon()
  }

  workerReady(_worker: Worker, started: number, micros: number): void {
    this.#dispatcher.workerReady(started, micros)
  }

  workerOutcome(worker: Worker, rid: number, outcome: Outcome): void {
    this.#requests.settleOf(worker, rid, outcome)
  }

  workerSlotDone(_worker: Worker, turn: Turn): void {
    this.#dispatcher.workerSlotDone(turn)
  }

  workerWornOut(worker: Worker): void {
    this.#pool.renew(worker, 'handlers hang in it')
  }

  workerInspected(worker: Worker, at: string | null): void {
    if (at !== null) this.#log.info('The inspector of a worker is open', { worker: worker.index, at })
    this.#timeLimits.note(worker, at)
  }

  workerLog({ index }: Worker, level: LogLevel, message: string, fields: string): void {
    this.#log[level](message, { ...JSON.parse(fields), worker: index })
  }

  /**
   * Has the end logged first, since what the others log follows from it. The pool removes the worker, and
   * judges the cause while the running requests are still known. Then the dispatcher answers these requests,
   * and hands out the unstarted ones to other workers.
   */
  workerEnded(worker: Worker, cause: Error): void {
    this.#timeLimits.note(worker, null)
    for (const watcher of this.#watchers) watcher.workerEnded(worker, cause)
    this.#dispatcher.reportEnd(worker, cause)
    this.#pool.workerEnded(worker, cause)
    this.#dispatcher.workerEnded(worker, cause)
  }
}
