/**
 * A worker as the gateway sees it, for one life of its thread or process. Holds its turns, fills and sends
 * its batches, and passes its messages to their readers. Its end is left to worker-ending.ts.
 *
 *   starting ──▶ up ──▶ retiring ──▶ over ──▶ ended
 *       └─────────┴───────────────────▲
 *
 * Retiring: it takes no more work, and ends when its handlers have ended or were given up. Over: its thread
 * or process has ended, but not all of its messages are applied yet.
 */

import type { WorkerQuestion } from '../../shared/examination/question.js'
import type { ThreadFigures } from '../../shared/figures/thread-figures.js'
import { addRequest, addTurn, type Batch, createBatch } from '../../shared/link/batch.js'
import { type ClaimTable, createClaimTable } from '../../shared/link/claims.js'
import type { Hello, LoadingNote, RouteHello } from '../../shared/link/hello.js'
import { type AbortReason, Inbox } from '../../shared/link/inbox.js'
import type { WorkerSetup } from '../../shared/link/worker-setup.js'
import type { LogFields, LogLevel } from '../../shared/text/log.js'
import { showValue } from '../../shared/text/shown.js'
import type { Transport, TransportInit } from '../isolation/transport.js'
import type { OperationSource } from '../operations/operation-acks.js'
import type { WorkerOperations } from '../operations/worker-operations.js'
import type { Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import { Examination } from './examination.js'
import type { TurnSlots } from './load/turn-slots.js'
import { WorkerLoad } from './load/worker-load.js'
import { WorkerEnding } from './worker-ending.js'
import type { WorkerListener } from './worker-listener.js'
import { WorkerMessages } from './worker-messages.js'
import { WorkerOutcomes } from './worker-outcomes.js'

/** Number of hanging handlers of one route in one worker at which a warning is logged. */
const manyHanging = 100

export type WorkerState = 'starting' | 'up' | 'retiring' | 'over' | 'ended'

export interface WorkerInit {
  /** The worker's number, unique in this gateway. */
  readonly serial: number
  readonly setup: Omit<WorkerSetup, 'claims'>
  /** Whether the worker is a process and not a thread. */
  readonly isProcess: boolean
  /** Milliseconds that the game's onStop may take. */
  readonly stopTimeout: number
  /** Number of hanging handlers at which the worker must be replaced. */
  readonly maxGivenUpHandlers: number
  readonly start: (init: TransportInit) => Transport
  readonly listener: WorkerListener
  /**
   * Creates the readers that apply the worker's operations. Called with the worker's inbox, which carries
   * acks back to it, and with a function that has the inbox sent for acks that come late.
   */
  readonly operations: (source: OperationSource, inbox: Inbox, sendInbox: () => void) => WorkerOperations
}

export class Worker {
  /** The worker's place among the workers. Handlers see it as `context.worker.index`. */
  readonly index: number
  readonly claims: ClaimTable = createClaimTable()
  /** Its turns, its undecided requests and its hanging handlers. */
  readonly load: WorkerLoad
  /** The worker's turns, over or not. */
  readonly turns: TurnSlots
  /**
   * Whether requests count as started once they are handed out. True for a process: it shares no memory, so
   * none of its requests can be taken back.
   */
  readonly startsAtOnce: boolean
  readonly ending: WorkerEnding
  routes: readonly RouteHello[] = []
  hooks: readonly RouteHello[] = []
  notes: readonly LoadingNote[] = []
  /** Whether a reload has replaced it: it runs code of before. */
  isOutdated = false
  /** What it loads or starts at present, until it is up. */
  step: string | undefined
  /** What the worker has reported last, each 5 s; undefined without an internal port. */
  figures: ThreadFigures | undefined
  #state: WorkerState = 'starting'
  /**
   * Whether the worker has reported that the synchronous part of its last batch is done. Kept apart from the
   * state, because a retiring worker reports this too.
   */
  #isAtRest = false
  readonly examination = new Examination(() => {
    if (this.load.givenUp.size >= this.#maxGivenUp) this.#listener.workerWornOut(this)
  })
  /** Time at which the last batch was sent, by `performance.now()`. */
  batchLeftAt = 0
  readonly #inbox = new Inbox()
  readonly #messages: WorkerMessages
  readonly #listener: WorkerListener
  readonly #transport: Transport
  readonly #routeIndexes = new Map<string, number>()
  readonly #maxGivenUp: number
  #hasForeign = false
  #batch: Batch | undefined

  /** Starts the worker, and throws the errors of `start`. */
  constructor({ serial, setup, isProcess, start, listener, operations, ...limits }: WorkerInit) {
    this.startsAtOnce = isProcess
    this.index = setup.index
    this.#maxGivenUp = limits.maxGivenUpHandlers
    this.#listener = listener
    this.load = new WorkerLoad(serial, () => listener.workerHasRoom(this))
    this.turns = this.load.turns
    const applied = operations(this.load, this.#inbox, () => this.#sendInbox())
    const outcomes = new WorkerOutcomes({
      worker: this,
      listener,
      acks: applied.acks,
      onRest: () => (this.#isAtRest = true),
      onDeath: death => this.ending.tell(death)
    })
    this.#messages = new WorkerMessages({
      outcomes,
      operations: applied.sessions,
      events: applied.events,
      onHello: hello => this.#onHello(hello),
      onStep: what => (this.step = what),
      onFigures: figures => (this.figures = figures),
      onInspector: ({ at }) => listener.workerInspected(this, at),
      onApplied: () => this.#onApplied(),
      onFailure: (error, reader) => outcomes.fail(reader, error),
      onUnreadable: what => this.#endUnreadable(what)
    })
    this.#transport = start({
      setup: { ...setup, claims: this.claims },
      onMessage: message => this.#messages.receive(message),
      onUnreadable: what => this.#messages.refuse(what),
      onForeign: message => this.#onForeign(message),
      onEnd: cause => this.#onEnd(cause)
    })
    this.ending = new WorkerEnding({
      transport: this.#transport,
      turns: this.turns,
      stopTimeout: limits.stopTimeout,
      onLateStop: () => this.#log('error', 'A worker was ended before its onStop was done', {})
    })
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Whether the worker takes another batch now. */
  get isReady(): boolean {
    return this.#state === 'up' && this.#isAtRest && !this.load.isFull
  }

  /**
   * Number (see `runningAs`) of the request that occupies the thread, or occupied it when the worker ended; 0
   * for none.
   */
  get running(): number {
    return this.#transport.running
  }

  /**
   * Returns the index by which the worker's batches name a route; undefined if the worker does not offer it.
   */
  indexOf(route: string): number | undefined {
    return this.#routeIndexes.get(route)
  }

  /** Asks the worker about itself. Returns the unchecked answer. Rejects if it ends, or can't answer. */
  ask(question: WorkerQuestion): Promise<unknown> {
    return this.#transport.ask(question)
  }

  /** Puts a turn into the batch that is being filled. */
  add(turn: Turn): void {
    this.load.add(turn)
    this.#batch ??= createBatch()
    const head = { viewId: turn.viewId, slot: turn.slot, ...turn.session.snapshot }
    addTurn(this.#batch, head, turn.requests.length)
    for (const { rid, route, flags, body, traceparent } of turn.requests) {
      addRequest(this.#batch, { rid, route: this.indexOf(route.name)!, flags, body, traceparent })
    }
  }

  /** Sends the batch that was filled. Returns whether there was one. */
  sendBatch(): boolean {
    const batch = this.#batch
    if (batch === undefined) return false
    this.#batch = undefined
    this.#isAtRest = false
    this.load.countProgress()
    this.batchLeftAt = performance.now()
    this.#transport.run(batch)
    return true
  }

  /** Tells the worker that a request was decided without its handler. */
  abort(request: Request, reason: AbortReason): void {
    this.#inbox.aborted(request.rid, reason)
    this.#sendInbox()
    // The caller decides the request after this, or has given it up. If that was the last work of a retiring
    // worker, the worker ends then.
    if (this.#state === 'retiring') setImmediate(() => this.#endIfRetired())
  }

  /** Aborts a request whose deadline has passed. Its handler counts as hanging until it is done. */
  giveUp(request: Request): void {
    const ofRoute = this.load.givenUp.add(request)
    this.abort(request, 'timeout')
    if (ofRoute === manyHanging) {
      const fields = { ...request.names, handlers: ofRoute }
      this.#log('warn', 'Handlers hang: they did not end by their deadline, nor later', fields)
    }
    if (this.load.givenUp.size === this.#maxGivenUp && !this.examination.isOn)
      this.#listener.workerWornOut(this)
  }

  /**
   * Takes no more work, gives back the requests that have not started, and ends once the handlers of the
   * others have ended or were given up.
   */
  retire(): void {
    if (this.#hasStopped) return
    this.#state = 'retiring'
    for (const turn of this.turns) turn.takeBack()
    this.#endIfRetired()
  }

  /** Ends the worker, even if it still has requests. The game may stop first, within its time limit. */
  terminate(): Promise<void> {
    const isLoaded = this.#state === 'up' || this.#state === 'retiring'
    if (isLoaded) this.#state = 'retiring'
    return this.ending.stop(isLoaded)
  }

  /** Whether its thread or process has ended. */
  get #hasStopped(): boolean {
    return this.#state === 'over' || this.#state === 'ended'
  }

  #onHello(hello: Hello): void {
    if (hello.kind === 'failed') this.ending.failure = hello.message
    if (hello.kind === 'failed' || this.#state !== 'starting') return
    this.routes = hello.routes
    this.hooks = hello.hooks
    this.notes = hello.notes
    this.ending.hasOnStop = hello.stops
    this.step = undefined
    for (const { route } of [...hello.routes, ...hello.hooks]) {
      this.#routeIndexes.set(route, this.#routeIndexes.size)
    }
    this.#state = 'up'
    this.#isAtRest = true
    this.#listener.workerUp(this)
  }

  #onApplied(): void {
    this.load.countProgress()
    this.#sendInbox()
    this.#endIfRetired()
  }

  /** Ends a worker whose messages cannot be relied on any more. */
  #endUnreadable(what: string): void {
    if (this.#hasStopped) return
    this.#log('error', "A worker has sent what can't be read, and is ended", { got: what })
    this.ending.killFor("it sent what can't be read")
  }

  /**
   * Logs the first message that the game sends to its parent thread or process. Ignores all such messages.
   */
  #onForeign(message: unknown): void {
    if (this.#hasForeign) return
    this.#hasForeign = true
    const got = showValue(message)
    this.#log('debug', 'A message of a worker is not for the gateway: all such are ignored', { got })
  }

  #sendInbox(): void {
    if (!this.#inbox.isEmpty && !this.#hasStopped) this.#transport.post(this.#inbox.take())
  }

  #onEnd(cause: Error): void {
    this.#state = 'over'
    this.#messages.end(() => {
      this.#state = 'ended'
      this.#listener.workerEnded(this, cause)
      this.ending.done()
    })
  }

  #log(level: LogLevel, message: string, fields: LogFields): void {
    this.#listener.workerLog(this, level, message, JSON.stringify(fields))
  }

  #endIfRetired(): void {
    if (this.#state === 'retiring' && this.load.isDone) void this.terminate()
  }
}
