/**
 * A worker as the gateway sees it, for one life of its thread: which turns it holds, whether it takes another batch,
 * and what it says over its link.
 *
 *   starting ──▶ up ──▶ retiring ──▶ ended
 *       └─────────┴─────────────────────▲
 */
import { addRequest, addTurn, type Batch, createBatch } from '../shared/batch.js'
import { type ClaimTable, createClaimTable } from '../shared/claims.js'
import type { ErrorData } from '../shared/errors.js'
import type { Hello, RouteHello, WorkerSetup } from '../shared/hello.js'
import { type AbortReason, Inbox } from '../shared/inbox.js'
import type { LogLevel } from '../shared/log.js'
import type { EventReader, OperationReader, OutboxMessage, OutcomeReader } from '../shared/outbox.js'
import { readOutbox } from '../shared/outbox-reader.js'
import type { OperationSource } from './answers.js'
import { EndedRoutes } from './ended-routes.js'
import { type Blame, describeSilentEnd, findRunning, type LastWords } from './last-words.js'
import type { Request } from './request.js'
import type { Transport, TransportInit } from './transport.js'
import type { Turn } from './turn.js'
import { TurnSlots } from './turn-slots.js'
import { within } from './within.js'
import type { Outcome, WorkerListener } from './worker-listener.js'

/** Requests that a worker may have started and not ended before it is given no more. */
const unendedLimit = 1_000

export type WorkerState = 'starting' | 'up' | 'retiring' | 'ended'

export interface WorkerInit {
  /** Unique in this gateway. */
  readonly serial: number
  readonly setup: Omit<WorkerSetup, 'claims'>
  /** Whether it is a process, and not a thread. */
  readonly isProcess: boolean
  /** Milliseconds that the game may take there to end. */
  readonly stopTimeout: number
  readonly start: (init: TransportInit) => Transport
  readonly listener: WorkerListener
  /** What applies its operations; made with the worker, since its acks go back through the worker's inbox. */
  readonly operations: (source: OperationSource, inbox: Inbox) => WorkerOperations
}

export interface WorkerOperations {
  readonly sessions: OperationReader
  readonly events: EventReader
}

export class Worker implements OutcomeReader, OperationSource {
  readonly serial: number
  /** Its place among the workers: what handlers see as `context.worker.index`. */
  readonly index: number
  readonly claims: ClaimTable = createClaimTable()
  /** Turns that it holds, over or not. */
  readonly turns = new TurnSlots()
  /** Whether what is handed out to it has started: it shares no memory, so that nothing can be taken back. */
  readonly startsAtOnce: boolean
  state: WorkerState = 'starting'
  /** Whether somebody ended it, rather than what runs in it. */
  wasKilled = false
  /** Whether the last batch has been answered: its synchronous part is done. */
  #isAtRest = false
  /** When its last batch left, by `performance.now()`. */
  batchLeftAt = 0
  /** What it said when it could not load, or when it ended. */
  failure: string | undefined
  routes: readonly RouteHello[] = []
  hooks: readonly RouteHello[] = []
  #lastWords: LastWords | undefined
  readonly #inbox = new Inbox()
  readonly #operations: WorkerOperations
  readonly #listener: WorkerListener
  readonly #transport: Transport
  readonly #routeIndexes = new Map<string, number>()
  readonly #endedRoutes = new EndedRoutes()
  #unended = 0
  readonly #stopTimeout: number
  #stops = false
  /** Once it was told to end. */
  #ending: Promise<void> | undefined
  #batch: Batch | undefined

  constructor({ serial, setup, isProcess, stopTimeout, start, listener, operations }: WorkerInit) {
    this.serial = serial
    this.startsAtOnce = isProcess
    this.index = setup.index
    this.#stopTimeout = stopTimeout
    this.#listener = listener
    this.#operations = operations(this, this.#inbox)
    this.#transport = start({
      setup: { ...setup, claims: this.claims },
      onHello: hello => this.#onHello(hello),
      onMessage: message => this.#onMessage(message),
      onEnd: cause => this.#onEnd(cause)
    })
  }

  /** Whether it takes another batch. */
  get isReady(): boolean {
    return this.state === 'up' && this.#isAtRest && this.#unended < unendedLimit
  }

  /** Requests that it holds and that it has not ended. */
  get unended(): number {
    return this.#unended
  }

  /** The index by which its batches name a route; undefined of one that it does not offer. */
  indexOf(route: string): number | undefined {
    return this.#routeIndexes.get(route)
  }

  /** Puts a turn into the batch that is being filled. */
  add(turn: Turn): void {
    this.turns.add(turn)
    this.#unended += turn.requests.length
    this.#batch ??= createBatch()
    const { snapshot } = turn.requests[0]!.session
    addTurn(this.#batch, { view: turn.id, slot: turn.slot, ...snapshot }, turn.requests.length)
    for (const { rid, route, flags, body } of turn.requests) {
      addRequest(this.#batch, rid, this.indexOf(route.name)!, flags, body)
    }
  }

  /** Sends the batch that was filled, if one was. */
  sendBatch(): boolean {
    const batch = this.#batch
    if (batch === undefined) return false
    this.#batch = undefined
    this.#isAtRest = false
    this.batchLeftAt = performance.now()
    this.#transport.run(batch)
    return true
  }

  /** A request was taken back before it started. */
  forget(): void {
    this.#unended--
  }

  /** Tells it that a request was decided without its handler. */
  abort(request: Request, reason: AbortReason): void {
    if (reason === 'timeout') this.#endedRoutes.add(request.rid, request.route.name)
    this.#inbox.aborted(request.rid, reason)
    this.#sendInbox()
    // The caller decides the request next; a worker that only it kept may end then.
    if (this.state === 'retiring') setImmediate(() => this.#endIfRetired())
  }

  /** Takes no more work, gives back what it has not started, and ends once the rest is decided. */
  retire(): void {
    if (this.state === 'ended') return
    this.state = 'retiring'
    for (const turn of this.turns) turn.takeBack()
    this.#endIfRetired()
  }

  /** Whether its end is our own doing. */
  get isExpectedToEnd(): boolean {
    return this.#ending !== undefined
  }

  /** What it ended of: in its own words, or, where it could say none, by what its thread ended with. */
  describeEnd(cause: Error): LastWords {
    return this.#lastWords ?? describeSilentEnd(cause, this.#running)
  }

  /** Ends it, whatever requests it has; the game is let end there what it began, if that does not take too long. */
  terminate(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  /** Its event loop has not turned for so many milliseconds: ends it, in the name of whoever has the thread. */
  endStuck(ms: number): void {
    const cause = `its event loop did not turn for ${ms} ms`
    this.#lastWords ??= { ...this.#running, cause, detail: cause, stuckFor: ms }
    void this.kill()
  }

  get #running(): Blame {
    return findRunning(this.turns, this.#transport.running)
  }

  /** Ends its thread at once, as a fault would: nobody has told it to, so that it counts as lost. */
  kill(): Promise<void> {
    this.wasKilled = true
    return this.#transport.terminate()
  }

  endedRoute(rid: number): string | undefined {
    return this.#endedRoutes.find(rid)
  }

  routeOf(rid: number): string | undefined {
    const requests = [...this.turns].flatMap(turn => turn.requests)
    return requests.find(request => request.rid === rid)?.route.name ?? this.#endedRoutes.find(rid)
  }

  reply(rid: number, body: string): void {
    this.#outcome(rid, { body })
  }

  failed(rid: number, error: ErrorData): void {
    this.#outcome(rid, { error })
  }

  released(slot: number): void {
    const turn = this.turns.find(slot)
    if (turn !== undefined) this.#listener.workerReleased(this, turn)
  }

  held(slot: number): void {
    this.turns.find(slot)?.hold()
  }

  letGo(slot: number): void {
    this.turns.find(slot)?.letGo()
  }

  ready(started: number, micros: number): void {
    this.#isAtRest = true
    this.#listener.workerReady(this, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#listener.workerLog(this, level, message, fields)
  }

  fatal(rid: number, route: string, cause: string, detail: string): void {
    const isKnown = this.#routeIndexes.has(route)
    this.#lastWords ??= { culprit: isKnown ? { rid, route } : undefined, cause, detail }
  }

  #outcome(rid: number, outcome: Outcome): void {
    this.#unended--
    this.#listener.workerOutcome(this, rid, outcome)
  }

  #onHello(hello: Hello): void {
    if (hello.kind === 'failed') {
      this.failure = hello.message
      return
    }
    if (this.state !== 'starting') return
    this.routes = hello.routes
    this.hooks = hello.hooks
    this.#stops = hello.stops
    for (const { route } of [...hello.routes, ...hello.hooks]) {
      this.#routeIndexes.set(route, this.#routeIndexes.size)
    }
    this.state = 'up'
    this.#isAtRest = true
    this.#listener.workerUp(this)
  }

  #onMessage(message: OutboxMessage): void {
    readOutbox(message, this, this.#operations.sessions, this.#operations.events)
    this.#sendInbox()
    this.#endIfRetired()
  }

  #sendInbox(): void {
    if (!this.#inbox.isEmpty) this.#transport.post(this.#inbox.take())
  }

  #onEnd(cause: Error): void {
    this.state = 'ended'
    this.failure ??= cause.message
    this.#listener.workerEnded(this, cause)
  }

  async #end(): Promise<void> {
    if (this.#stops && this.state !== 'ended') {
      this.state = 'retiring'
      const isDone = await within(this.#stopTimeout, this.#transport.stop())
      if (!isDone) this.log('error', 'A worker was ended before its onStop was done', '{}')
    }
    await this.#transport.terminate()
  }

  #endIfRetired(): void {
    if (this.state !== 'retiring') return
    for (const turn of this.turns) if (!turn.isOver) return
    void this.terminate()
  }
}
