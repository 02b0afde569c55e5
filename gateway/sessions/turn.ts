/**
 * A turn: requests of one lane, handed out to one worker with one snapshot of their session. The worker claims them
 * one by one; what is not claimed can be taken back at any moment, for good. A concurrent request is a turn of one
 * that belongs to no lane.
 */
import { type ClaimTable, claim, countClaimed, openSlot, takeUnclaimed } from '../../shared/link/claims.js'
import type { AbortReason } from '../../shared/link/inbox.js'
import type { Lane } from './lane.js'
import type { Request } from './request.js'
import type { Session } from './session.js'

let lastTurn = 0

/** The worker that a turn is handed out to. */
export interface TurnWorker {
  /** Its place among the workers. */
  readonly index: number
  readonly claims: ClaimTable
  /** Whether what is handed out to it has started: it shares no memory, so that nothing can be taken back. */
  readonly startsAtOnce: boolean
  /** What it has to do: `forget` for each request that was taken back or is decided. */
  readonly load: { forget(): void }
  readonly turns: { free(turn: Turn): void }
  /** Tells it that a request was decided without its handler. */
  abort(request: Request, reason: AbortReason): void
  /** Aborts a request whose deadline has passed. */
  giveUp(request: Request): void
}

export interface TurnInit {
  readonly worker: TurnWorker
  readonly slot: number
  readonly requests: Request[]
  /** undefined: a concurrent request, whose lane goes on without it. */
  readonly lane: Lane | undefined
  readonly listener: TurnListener
}

export interface TurnListener {
  /** All that had started is decided; the lane can go on. */
  turnOver(turn: Turn): void
  /** Requests that had not started wait again: in their lane, or, of a concurrent one, nowhere yet. */
  turnTakenBack(turn: Turn, requests: readonly Request[]): void
}

export class Turn {
  /** Unique in this gateway: the view that changes by its requests count for. */
  readonly viewId = ++lastTurn
  readonly worker: TurnWorker
  readonly slot: number
  readonly session: Session
  readonly lane: Lane | undefined
  /** In order. What is taken back is cut off the end. */
  readonly requests: Request[]
  readonly #listener: TurnListener
  #isTaken = false
  /** Requests whose fate is decided, by an outcome or without one. */
  #decided = 0
  /** Requests that the worker is done with. */
  #outcomes = 0
  /** Until when the lane does not go on though all is decided, in milliseconds since 1970; 0: it may. */
  #heldUntil = 0

  constructor({ worker, slot, requests, lane, listener }: TurnInit) {
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
  }

  /** Requests that have started in the worker. */
  get started(): readonly Request[] {
    return this.requests.slice(0, this.#isTaken ? this.requests.length : this.#claimed)
  }

  /** Whether nothing of it runs, as far as is known, and something of it could run elsewhere. */
  get isIdle(): boolean {
    if (this.#isTaken || this.#heldUntil > 0) return false
    return this.#claimed === this.#outcomes && this.#outcomes < this.requests.length
  }

  /** Whether all that started is decided, and has no operation left that the next request has to wait for. */
  get isOver(): boolean {
    return this.#decided === this.requests.length && this.#heldUntil === 0
  }

  /** Takes back what is not claimed, to the front of its lane. A second time there is nothing left to take. */
  takeBack(): void {
    if (this.#isTaken) return
    const claimed = takeUnclaimed(this.worker.claims, this.slot)
    this.#isTaken = true
    // All were claimed: the worker will not look at the slot again, nor say that it is done with it.
    if (claimed >= this.requests.length) this.#isTaken = false
    const back = this.requests.splice(claimed)
    for (const request of back) {
      request.state = 'waiting'
      request.turn = undefined
      this.worker.load.forget()
    }
    this.lane?.putBack(back)
    if (back.length > 0) this.#listener.turnTakenBack(this, back)
    this.#endIfOver()
  }

  /** A request's fate is decided. */
  decide(request: Request): void {
    request.state = 'decided'
    this.#decided++
    this.worker.load.forget()
    this.#endIfOver()
  }

  /** The worker is done with one of its requests. */
  countOutcome(): void {
    this.#outcomes++
    this.#freeIfDone()
  }

  /** The next outcome is of a request with operations that are not answered: until `letGo`, or that request's deadline. */
  awaitOperations(): void {
    this.#heldUntil = this.requests[this.#outcomes]?.deadline ?? 0
  }

  goOn(): void {
    if (this.#heldUntil === 0) return
    this.#heldUntil = 0
    this.#freeIfDone()
    this.#endIfOver()
  }

  goOnAtDeadline(now: number): void {
    if (this.#heldUntil <= now) this.goOn()
  }

  get #claimed(): number {
    return Math.min(countClaimed(this.worker.claims, this.slot), this.requests.length)
  }

  #freeIfDone(): void {
    if (!this.#isTaken && this.#heldUntil === 0 && this.#outcomes === this.requests.length)
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
