/**
 * A turn: requests of one lane, handed out together to one worker, with one snapshot of their session. The
 * worker claims them one by one as it starts them; requests that it has not claimed can be taken back at any
 * moment, for good. A concurrent request is a turn of one request that belongs to no lane. Made by the
 * dispatcher.
 *
 *   whole ───▶ cut          some requests were taken back before they started
 *
 * A turn has two ends, and either may come first:
 * - for the lane (`turnOver`): what is left of the turn is decided, and no operation of it is awaited. Then
 *   the lane's next turn may begin, though the worker may still run a request that was decided by its
 *   deadline.
 * - for the worker's slot: the worker is done with it. The gateway frees the slot of a whole turn as soon as
 *   each request has an outcome. In a cut turn, the worker finds the cut and says that it is done.
 */
import { type ClaimTable, claim, countClaimed, openSlot, takeUnclaimed } from '../../shared/link/claims.js'
import type { AbortReason } from '../../shared/link/inbox.js'
import { UnreadableError } from '../../shared/link/outbox-fields.js'
import type { Lane } from './lane.js'
import type { Request } from './request.js'
import type { Session } from './session.js'

let lastTurn = 0

/** The worker that a turn is handed out to. */
export interface TurnWorker {
  /** The worker's place among the workers. */
  readonly index: number
  readonly claims: ClaimTable
  /** Whether requests count as started once handed out: without shared memory, nothing can be taken back. */
  readonly startsAtOnce: boolean
  /** The worker's load: `forget` is called for each request that was taken back or is decided. */
  readonly load: { forget(): void }
  readonly turns: { free(turn: Turn): void }
  /** Tells the worker that a request was decided without its handler. */
  abort(request: Request, reason: AbortReason): void
  /** Aborts a request whose deadline has passed. */
  giveUp(request: Request): void
}

export interface TurnInit {
  readonly worker: TurnWorker
  readonly slot: number
  readonly requests: Request[]
  /** When it is handed out, by the monotonic clock. */
  readonly now: number
  /** undefined: a concurrent request; its session's lane goes on meanwhile. */
  readonly lane: Lane | undefined
  readonly listener: TurnListener
}

export interface TurnListener {
  /** Called when all requests that had started are decided: the lane can go on. */
  turnOver(turn: Turn): void
  /**
   * Called with requests that had not started. They are back in their lane; a concurrent request is in no
   * queue yet.
   */
  turnTakenBack(turn: Turn, requests: readonly Request[]): void
}

/** Milliseconds for which a lane waits for unanswered operations of a request that has no deadline. */
const longestWithoutDeadline = 10_000

export class Turn {
  /** Unique in this gateway: changes that its requests make are marked with it. */
  readonly viewId = ++lastTurn
  readonly worker: TurnWorker
  readonly slot: number
  readonly session: Session
  readonly lane: Lane | undefined
  /** The requests, in order. Those that are taken back are cut off the end. */
  readonly requests: Request[]
  readonly #listener: TurnListener
  #state: 'whole' | 'cut' = 'whole'
  /** Requests that are decided, by an outcome or without one. */
  #decided = 0
  /** Requests whose outcome has come: the worker is done with them. */
  #outcomes = 0
  /**
   * Time at which the lane goes on without the unanswered operations of a decided request, by the monotonic
   * clock. 0: no operation is awaited.
   */
  #operationsAwaitedUntil = 0
  /**
   * The decided request for whose operations the worker waits; undefined: none. It may outlast the time
   * above: the worker has to say that it goes on, before the slot is another turn's.
   */
  #held: Request | undefined

  constructor({ worker, slot, requests, now, lane, listener }: TurnInit) {
    this.worker = worker
    this.slot = slot
    this.requests = requests
    this.session = requests[0]!.session
    this.lane = lane
    this.#listener = listener
    openSlot(worker.claims, slot)
    if (worker.startsAtOnce)
      for (let index = 0; index < requests.length; index++) claim(worker.claims, slot, index)
    if (lane !== undefined) lane.turn = this
    for (const request of requests) {
      request.state = 'handedOut'
      request.turn = this
    }
    requests[0]!.startedAt = now
  }

  /** The requests that have started in the worker. */
  get started(): readonly Request[] {
    return this.requests.slice(0, this.#state === 'cut' ? this.requests.length : this.#claimed)
  }

  /** Returns the route of one of its requests; undefined if it has no such request. */
  routeOf(rid: number): string | undefined {
    for (const request of this.requests) if (request.rid === rid) return request.route.name
    return undefined
  }

  /** Whether no request of the turn is known to run, and at least one could run elsewhere. */
  get isIdle(): boolean {
    if (this.#state === 'cut' || this.#operationsAwaitedUntil > 0) return false
    return this.#claimed === this.#outcomes && this.#outcomes < this.requests.length
  }

  /** Whether all requests are decided, and no operation is left that the next request has to wait for. */
  get isOver(): boolean {
    return this.#decided === this.requests.length && this.#operationsAwaitedUntil === 0
  }

  /** Whether its worker goes on with another request once the present one is decided. */
  get isMoreNear(): boolean {
    return this.#decided + 1 < this.requests.length
  }

  /**
   * Returns the requests that are not claimed to the front of the lane. Does nothing when called again, nor
   * once all requests are decided: the slot may belong to another turn then.
   */
  takeBack(): void {
    if (this.#state === 'cut' || this.#decided === this.requests.length) return
    const claimed = this.#bound(takeUnclaimed(this.worker.claims, this.slot))
    // If all were claimed, the turn stays whole: the worker does not look at the slot again, so it would not
    // find a cut.
    if (claimed < this.requests.length) this.#state = 'cut'
    const back = this.requests.splice(claimed)
    for (const request of back) {
      request.state = 'waiting'
      request.turn = undefined
      request.startedAt = undefined
      this.worker.load.forget()
    }
    this.lane?.putBack(back)
    if (back.length > 0) this.#listener.turnTakenBack(this, back)
    this.#endIfOver()
  }

  /**
   * Ends the turn early, because its worker gives up the rest: what has not started returns to the lane.
   *
   * @throws UnreadableError if the worker still runs a request of it, or waits for its operations
   */
  giveUpRest(): void {
    this.takeBack()
    if (this.#outcomes < this.requests.length || this.#held !== undefined)
      throw new UnreadableError('the end of a turn that still runs')
    this.worker.turns.free(this)
  }

  /** Marks a request as decided. `now`: by the monotonic clock. */
  decide(request: Request, now: number): void {
    request.state = 'decided'
    this.#decided++
    const next = this.requests[this.#decided]
    if (next !== undefined) next.startedAt ??= now
    this.worker.load.forget()
    this.#endIfOver()
  }

  /** Whether the worker runs this request: it has started, and those before it have their outcomes. */
  runs(request: Request): boolean {
    return this.requests[this.#outcomes] === request && this.#claimed > this.#outcomes
  }

  /** Counts an outcome: the worker is done with one more request. */
  countOutcome(): void {
    this.#outcomes++
    this.#freeIfDone()
  }

  /**
   * Keeps the lane waiting until `goOn`, or until the deadline of the request whose outcome comes next: the
   * operations of that request are not answered yet. Without a deadline, until `longestWithoutDeadline`.
   */
  awaitOperations(): void {
    this.#held = this.requests[this.#outcomes]
    this.#operationsAwaitedUntil = this.#held?.deadline ?? 0
  }

  /** Ends the wait for operations: the worker goes on, because they are answered or it was told to. */
  goOn(): void {
    if (this.#held === undefined) return
    this.#held = undefined
    this.#freeIfDone()
    this.#goOnWithLane()
  }

  /**
   * Ends the wait for operations if the deadline has passed, and has the worker go on too. Returns the
   * request that did not await them; undefined if there is nothing to end.
   */
  goOnAtDeadline(now: number): Request | undefined {
    const held = this.#held
    // A request without a deadline has one for these operations: the first call after its outcome sets it.
    if (this.#operationsAwaitedUntil === Number.POSITIVE_INFINITY)
      this.#operationsAwaitedUntil = now + longestWithoutDeadline
    if (held === undefined || this.#operationsAwaitedUntil === 0 || this.#operationsAwaitedUntil > now)
      return undefined
    this.worker.abort(held, 'timeout')
    this.#goOnWithLane()
    return held
  }

  #goOnWithLane(): void {
    if (this.#operationsAwaitedUntil === 0) return
    this.#operationsAwaitedUntil = 0
    this.#endIfOver()
  }

  get #claimed(): number {
    return this.#bound(countClaimed(this.worker.claims, this.slot))
  }

  /**
   * Returns a possible number of claimed requests: decided requests have started. A worker whose memory is
   * broken may have left any number.
   */
  #bound(claimed: number): number {
    return Math.min(Math.max(claimed, this.#decided), this.requests.length)
  }

  #freeIfDone(): void {
    if (this.#state === 'whole' && this.#held === undefined && this.#outcomes === this.requests.length)
      this.worker.turns.free(this)
  }

  #endIfOver(): void {
    if (!this.isOver) return
    if (this.lane !== undefined) {
      if (this.lane.turn !== this) return
      this.lane.turn = undefined
    }
    this.#listener.turnOver(this)
  }
}
