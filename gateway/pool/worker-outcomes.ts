/**
 * Applies the reports of one worker about its requests and itself. The reports are items of the worker's
 * messages.
 */
import { type ErrorData, errors } from '../../shared/errors.js'
import type { OutcomeReader } from '../../shared/link/outbox.js'
import type { OutboxReader } from '../../shared/link/outbox-reader.js'
import type { LogLevel } from '../../shared/text/log.js'
import type { OperationAcks } from '../operations/operation-acks.js'
import type { Outcome } from '../sessions/request.js'
import type { Worker } from './worker.js'
import type { WorkerDeath } from './worker-death.js'
import type { WorkerListener } from './worker-listener.js'

export interface WorkerOutcomesInit {
  readonly worker: Worker
  readonly listener: WorkerListener
  readonly acks: Pick<OperationAcks, 'fail'>
  /** Called when the synchronous part of the worker's last batch is done. */
  readonly onRest: () => void
  /** Called when the worker has said why it is about to end. */
  readonly onDeath: (death: WorkerDeath) => void
}

export class WorkerOutcomes implements OutcomeReader {
  readonly #init: WorkerOutcomesInit

  constructor(init: WorkerOutcomesInit) {
    this.#init = init
  }

  reply(rid: number, body: string): void {
    this.#outcome(rid, { body })
  }

  failed(rid: number, error: ErrorData): void {
    this.#outcome(rid, { error })
  }

  slotDone(slot: number): void {
    const { worker, listener } = this.#init
    const turn = worker.turns.find(slot)
    if (turn !== undefined) listener.workerSlotDone(worker, turn)
  }

  awaitOperations(slot: number): void {
    this.#init.worker.turns.find(slot)?.awaitOperations()
  }

  goOn(slot: number): void {
    this.#init.worker.turns.find(slot)?.goOn()
  }

  ready(started: number, micros: number): void {
    const { worker, listener, onRest } = this.#init
    onRest()
    worker.load.countProgress()
    listener.workerReady(worker, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#init.listener.workerLog(this.#init.worker, level, message, fields)
  }

  fatal(rid: number, route: string, cause: string, detail: string): void {
    const isKnown = this.#init.worker.indexOf(route) !== undefined
    this.#init.onDeath({ culprit: isKnown ? { rid, route } : undefined, cause, detail })
  }

  /** Handles an exception of the reader's last item, and answers the item if it expects an answer. */
  fail({ item, head, rid }: OutboxReader, error: unknown): void {
    const { worker, listener, acks } = this.#init
    if (item === 'reply' || item === 'failed') {
      acks.fail(item, { rid, ack: 0 }, error)
      listener.workerOutcome(worker, rid, { error: errors.operationFailed(item) })
    } else {
      acks.fail(item, isOfWorker.has(item) ? { rid: 0, ack: 0 } : head, error)
    }
  }

  #outcome(rid: number, outcome: Outcome): void {
    const { worker, listener } = this.#init
    worker.load.countProgress()
    const late = worker.load.givenUp.take(rid)
    if (late === undefined) return listener.workerOutcome(worker, rid, outcome)
    late.hasOutcome = true
    late.turn?.countOutcome()
  }
}

/** Items that are not operations, and so have no head. */
const isOfWorker = new Set<string>([
  'slotDone',
  'awaitOperations',
  'goOn',
  'ready',
  'log',
  'fatal',
  'origin',
  'refused'
])
