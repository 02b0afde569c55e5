/** The interface of the object that receives the reports of the workers. */
import type { LogLevel } from '../../shared/text/log.js'
import type { Outcome } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Worker } from './worker.js'

export interface WorkerListener {
  workerUp(worker: Worker): void
  /**
   * The worker takes another batch. It has started `started` requests of the last batch, in `micros`
   * microseconds.
   */
  workerReady(worker: Worker, started: number, micros: number): void
  /** The worker had as many requests as it may have, and may get more again. */
  workerHasRoom(worker: Worker): void
  workerOutcome(worker: Worker, rid: number, outcome: Outcome): void
  /**
   * The worker gives up the rest of a turn: its next request was taken back, or belongs in another worker.
   */
  workerSlotDone(worker: Worker, turn: Turn): void
  /** The number of hanging handlers has reached its limit, so the worker must be replaced. */
  workerWornOut(worker: Worker): void
  /** An inspector was opened or closed in the worker. `at` is its host and port; null: it is closed. */
  workerInspected(worker: Worker, at: string | null): void
  workerLog(worker: Worker, level: LogLevel, message: string, fields: string): void
  workerEnded(worker: Worker, cause: Error): void
}
