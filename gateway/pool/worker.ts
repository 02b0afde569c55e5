/**
 * A worker as the gateway sees it, for one life of its thread: which turns it holds, whether it takes another batch,
 * and what it says over its link.
 *
 *   starting ──▶ up ──▶ retiring ──▶ over ──▶ ended
 *       └─────────┴───────────────────▲
 *
 * Retiring: takes no more work, and ends what it has. Over: nothing more comes of it, but not all that came is applied.
 */
import { addRequest, addTurn, type Batch, createBatch } from '../../shared/link/batch.js'
import { type ClaimTable, createClaimTable } from '../../shared/link/claims.js'
import type { Hello, RouteHello } from '../../shared/link/hello.js'
import { type AbortReason, Inbox } from '../../shared/link/inbox.js'
import type { EventReader, OperationReader } from '../../shared/link/outbox.js'
import type { WorkerSetup } from '../../shared/link/worker-setup.js'
import type { LogFields, LogLevel } from '../../shared/text/log.js'
import { showValue } from '../../shared/text/shown.js'
import { withTimeout } from '../../shared/with-timeout.js'
import type { Transport, TransportInit } from '../isolation/transport.js'
import type { OperationAcks, OperationSource } from '../operations/operation-acks.js'
import type { Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { TurnSlots } from './turn-slots.js'
import { describeSilentEnd, findRunning, type WorkerDeath } from './worker-death.js'
import type { WorkerListener } from './worker-listener.js'
import { WorkerLoad } from './worker-load.js'
import { WorkerMessages } from './worker-messages.js'
import { WorkerOutcomes } from './worker-outcomes.js'

/** Handlers of one route that hang in one worker, and that are told of. */
const manyHanging = 100

/** Milliseconds that what a worker without an onStop has printed may take to leave. */
const outputGrace = 500

export type WorkerState = 'starting' | 'up' | 'retiring' | 'over' | 'ended'

export interface WorkerInit {
  /** Unique in this gateway. */
  readonly serial: number
  readonly setup: Omit<WorkerSetup, 'claims'>
  /** Whether it is a process, and not a thread. */
  readonly isProcess: boolean
  /** Milliseconds that the game may take there to end. */
  readonly stopTimeout: number
  /** Handlers that may hang in it before it is worn out. */
  readonly maxGivenUpHandlers: number
  readonly start: (init: TransportInit) => Transport
  readonly listener: WorkerListener
  /** What applies its operations; made with the worker, since its acks go back through the worker's inbox. */
  readonly operations: (source: OperationSource, inbox: Inbox) => WorkerOperations
}

export interface WorkerOperations {
  readonly sessions: OperationReader
  readonly events: EventReader
  /** Answers one that threw while it was applied. */
  readonly answers: Pick<OperationAcks, 'fail'>
}

export class Worker {
  /** Its place among the workers: what handlers see as `context.worker.index`. */
  readonly index: number
  readonly claims: ClaimTable = createClaimTable()
  /** What it has to do. */
  readonly load: WorkerLoad
  /** Turns that it holds, over or not. */
  readonly turns: TurnSlots
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
  #lastWords: WorkerDeath | undefined
  readonly #inbox = new Inbox()
  readonly #messages: WorkerMessages
  readonly #listener: WorkerListener
  readonly #transport: Transport
  readonly #routeIndexes = new Map<string, number>()
  readonly #maxGivenUp: number
  #hasForeign = false
  readonly #stopTimeout: number
  #stops = false
  /** Once it was told to end. */
  #ending: Promise<void> | undefined
  #batch: Batch | undefined

  /** Throws what `start` throws. */
  constructor({ serial, setup, isProcess, start, listener, operations, ...limits }: WorkerInit) {
    this.startsAtOnce = isProcess
    this.index = setup.index
    this.#stopTimeout = limits.stopTimeout
    this.#maxGivenUp = limits.maxGivenUpHandlers
    this.#listener = listener
    this.load = new WorkerLoad(serial)
    this.turns = this.load.turns
    const applied = operations(this.load, this.#inbox)
    const outcomes = new WorkerOutcomes({
      worker: this,
      listener,
      answers: applied.answers,
      onRest: () => (this.#isAtRest = true),
      onLastWords: words => (this.#lastWords ??= words)
    })
    this.#messages = new WorkerMessages({
      outcomes,
      operations: applied.sessions,
      events: applied.events,
      onHello: hello => this.#onHello(hello),
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
  }

  /** Whether it takes another batch. */
  get isReady(): boolean {
    return this.state === 'up' && this.#isAtRest && !this.load.isFull
  }

  /** The request whose code runs there now, or did last, as `runningAs` gives its number; 0: none. */
  get running(): number {
    return this.#transport.running
  }

  /** The index by which its batches name a route; undefined of one that it does not offer. */
  indexOf(route: string): number | undefined {
    return this.#routeIndexes.get(route)
  }

  /** Puts a turn into the batch that is being filled. */
  add(turn: Turn): void {
    this.load.add(turn)
    this.#batch ??= createBatch()
    const head = { viewId: turn.viewId, slot: turn.slot, ...turn.session.snapshot }
    addTurn(this.#batch, head, turn.requests.length)
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
    this.load.getOn()
    this.batchLeftAt = performance.now()
    this.#transport.run(batch)
    return true
  }

  /** Tells it that a request was decided without its handler. */
  abort(request: Request, reason: AbortReason): void {
    this.#inbox.aborted(request.rid, reason)
    this.#sendInbox()
    // The caller decides the request next; a worker that only it kept may end then.
    if (this.state === 'retiring') setImmediate(() => this.#endIfRetired())
  }

  /** Aborts a request whose deadline has passed; its handler counts as one that hangs, until it is done. */
  giveUp(request: Request): void {
    const ofRoute = this.load.givenUp.add(request)
    this.abort(request, 'timeout')
    if (ofRoute === manyHanging) {
      const fields = { route: request.route.name, handlers: ofRoute }
      this.#log('warn', 'Handlers hang: they did not end by their deadline, nor later', fields)
    }
    if (this.load.givenUp.size === this.#maxGivenUp) this.#listener.workerWornOut(this)
  }

  /** Takes no more work, gives back what it has not started, and ends once the rest is decided. */
  retire(): void {
    if (this.state === 'over' || this.state === 'ended') return
    this.state = 'retiring'
    for (const turn of this.turns) turn.takeBack()
    this.#endIfRetired()
  }

  /** Whether its end is our own doing. */
  get isExpectedToEnd(): boolean {
    return this.#ending !== undefined
  }

  /** What it ended of: in its own words, or, where it could say none, by what its thread ended with. */
  describeEnd(cause: Error): WorkerDeath {
    return this.#lastWords ?? describeSilentEnd(cause, findRunning(this.turns, this.running))
  }

  /** Ends it, whatever requests it has; the game is let end there what it began, if that does not take too long. */
  terminate(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  /** Its event loop has not turned for so many milliseconds: ends it, in the name of whoever has the thread. */
  endStuck(ms: number): void {
    const cause = `its event loop did not turn for ${ms} ms`
    this.#lastWords ??= { ...findRunning(this.turns, this.running), cause, detail: cause, stuckFor: ms }
    void this.kill()
  }

  /** Ends it, of which nobody can say why it does not go on: nobody is to blame. */
  endFor(cause: string): void {
    this.#lastWords ??= { culprit: undefined, cause, detail: cause }
    this.failure ??= cause
    void this.kill()
  }

  /** Ends its thread at once, as a fault would: nobody has told it to, so that it counts as lost. */
  kill(): Promise<void> {
    this.wasKilled = true
    return this.#transport.terminate()
  }

  #onHello(hello: Hello): void {
    if (hello.kind === 'failed') this.failure = hello.message
    if (hello.kind === 'failed' || this.state !== 'starting') return
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

  #onApplied(): void {
    this.load.getOn()
    this.#sendInbox()
    this.#endIfRetired()
  }

  /** What it says can't be relied on any more. */
  #endUnreadable(what: string): void {
    if (this.state === 'over' || this.state === 'ended') return
    this.#log('error', "A worker has sent what can't be read, and is ended", { got: what })
    this.endFor("it sent what can't be read")
  }

  #onForeign(message: unknown): void {
    if (this.#hasForeign) return
    this.#hasForeign = true
    const got = showValue(message)
    this.#log('debug', 'A message of a worker is not for the gateway: all such are ignored', { got })
  }

  #sendInbox(): void {
    if (!this.#inbox.isEmpty) this.#transport.post(this.#inbox.take())
  }

  #onEnd(cause: Error): void {
    this.state = 'over'
    this.failure ??= cause.message
    this.#messages.end(() => {
      this.state = 'ended'
      this.#listener.workerEnded(this, cause)
    })
  }

  async #end(): Promise<void> {
    if (this.state === 'up' || this.state === 'retiring') {
      this.state = 'retiring'
      const limit = this.#stops ? this.#stopTimeout : Math.min(this.#stopTimeout, outputGrace)
      const isDone = await withTimeout(limit, this.#transport.stop())
      if (!isDone && this.#stops) this.#log('error', 'A worker was ended before its onStop was done', {})
    }
    await this.#transport.terminate()
  }

  #log(level: LogLevel, message: string, fields: LogFields): void {
    this.#listener.workerLog(this, level, message, JSON.stringify(fields))
  }

  #endIfRetired(): void {
    if (this.state !== 'retiring') return
    for (const turn of this.turns) if (!turn.isOver) return
    void this.terminate()
  }
}
