/** What one worker says of its requests and of itself, as it is read from its messages. */
import { type ErrorData, errors } from '../shared/errors.js'
import type { LogLevel } from '../shared/log.js'
import type { OutcomeReader } from '../shared/outbox.js'
import type { OutboxReader } from '../shared/outbox-reader.js'
import type { Answers } from './answers.js'
import type { LastWords } from './last-words.js'
import type { Worker } from './worker.js'
import type { Outcome, WorkerListener } from './worker-listener.js'

export interface WorkerOutcomesInit {
  readonly worker: Worker
  readonly listener: WorkerListener
  readonly answers: Pick<Answers, 'fail'>
  /** The synchronous part of its batch is done. */
  readonly onRest: () => void
  readonly onLastWords: (words: LastWords) => void
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

  released(slot: number): void {
    const { worker, listener } = this.#init
    const turn = worker.turns.find(slot)
    if (turn !== undefined) listener.workerReleased(worker, turn)
  }

  held(slot: number): void {
    this.#init.worker.turns.find(slot)?.hold()
  }

  letGo(slot: number): void {
    this.#init.worker.turns.find(slot)?.letGo()
  }

  ready(started: number, micros: number): void {
    const { worker, listener, onRest } = this.#init
    onRest()
    worker.load.getOn()
    listener.workerReady(worker, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#init.listener.workerLog(this.#init.worker, level, message, fields)
  }

  fatal(rid: number, route: string, cause: string, detail: string): void {
    const isKnown = this.#init.worker.indexOf(route) !== undefined
    this.#init.onLastWords({ culprit: isKnown ? { rid, route } : undefined, cause, detail })
  }

  /** The newest item threw while it was applied: it is answered, if it wants an answer. */
  fail({ item, head, rid }: OutboxReader, error: unknown): void {
    const { worker, listener, answers } = this.#init
    if (item === 'reply' || item === 'failed') {
      answers.fail(item, { rid, ack: 0 }, error)
      listener.workerOutcome(worker, rid, { error: errors.operationFailed(item) })
    } else {
      answers.fail(item, isOfWorker.has(item) ? { rid: 0, ack: 0 } : head, error)
    }
  }

  #outcome(rid: number, outcome: Outcome): void {
    const { worker, listener } = this.#init
    worker.load.getOn()
    const late = worker.load.givenUp.take(rid)
    if (late === undefined) return listener.workerOutcome(worker, rid, outcome)
    late.hasOutcome = true
    late.turn?.countOutcome()
  }
}

/** Items that are no operations. */
const isOfWorker = new Set<string>([
  'released',
  'held',
  'letGo',
  'ready',
  'log',
  'fatal',
  'origin',
  'refused'
])
