/** What a worker tells of what happens in it, and whom. */
import type { LogLevel } from '../../shared/text/log.js'
import type { Outcome } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Worker } from './worker.js'

/** Whom a worker tells what happens in it. */
export interface WorkerListener {
  workerUp(worker: Worker): void
  /** It takes another batch. */
  workerReady(worker: Worker, started: number, micros: number): void
  workerOutcome(worker: Worker, rid: number, outcome: Outcome): void
  /** It is done with a turn of which requests were taken back. */
  workerSlotDone(worker: Worker, turn: Turn): void
  /** So many handlers hang in it that it is to be replaced. */
  workerWornOut(worker: Worker): void
  workerLog(worker: Worker, level: LogLevel, message: string, fields: string): void
  workerEnded(worker: Worker, cause: Error): void
}

/** Of these, what concerns its requests. */
export type RequestsListener = Omit<WorkerListener, 'workerUp' | 'workerWornOut' | 'workerLog'>
