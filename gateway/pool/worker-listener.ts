/** The interface through which a worker reports what happens in it. */
import type { LogLevel } from '../../shared/text/log.js'
import type { Outcome } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Worker } from './worker.js'

export interface WorkerListener {
  workerUp(worker: Worker): void
  /**
   * The worker takes another batch. It started `started` requests of the last one and took `micros` for them.
   */
  workerReady(worker: Worker, started: number, micros: number): void
  workerOutcome(worker: Worker, rid: number, outcome: Outcome): void
  /** The worker has finished with a turn of which requests were taken back. */
  workerSlotDone(worker: Worker, turn: Turn): void
  /** So many handlers hang in the worker that it must be replaced. */
  workerWornOut(worker: Worker): void
  workerLog(worker: Worker, level: LogLevel, message: string, fields: string): void
  workerEnded(worker: Worker, cause: Error): void
}
