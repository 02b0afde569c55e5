/**
 * The work of one worker: its turns, its undecided requests and its hanging handlers. Also counts signs of
 * progress, for the watchdog.
 */
import type { RequestFields } from '../../../shared/text/log.js'
import type { OperationSource } from '../../operations/operation-acks.js'
import type { Request } from '../../sessions/request.js'
import type { Turn } from '../../sessions/turn.js'
import { GivenUpRequests } from './given-up-requests.js'
import { TurnSlots } from './turn-slots.js'

/** Number of undecided requests at which a worker gets no more work. */
const mostUndecided = 1_000

export class WorkerLoad implements OperationSource {
  readonly serial: number
  /** The worker's turns, over or not. */
  readonly turns: TurnSlots
  readonly #onRoom: () => void
  readonly givenUp = new GivenUpRequests()
  #undecided = 0
  #progress = 0

  /**
   * Creates the load of the worker with this serial number.
   *
   * @param onRoom called when the worker was full and may get work again
   */
  constructor(serial: number, onRoom: () => void) {
    this.serial = serial
    this.#onRoom = onRoom
    this.turns = new TurnSlots(onRoom)
  }

  /** Number of the worker's undecided requests. */
  get undecided(): number {
    return this.#undecided
  }

  /** Whether the worker must get no more work. */
  get isFull(): boolean {
    return this.#undecided >= mostUndecided || this.turns.room === 0
  }

  /**
   * Whether each handler has ended or was given up, and no operation is awaited. A request whose session has
   * ended is decided, but its handler runs on for as long as any other.
   */
  get isDone(): boolean {
    const runs = (request: Request) => !request.hasOutcome && !this.givenUp.has(request)
    for (const turn of this.turns) if (!turn.isOver || turn.requests.some(runs)) return false
    return true
  }

  /** A counter that changes whenever the worker makes progress. */
  get progress(): number {
    return this.#progress
  }

  add(turn: Turn): void {
    this.turns.add(turn)
    this.#undecided += turn.requests.length
  }

  /** Subtracts a request that was taken back or decided. This counts as progress. */
  forget(): void {
    if (this.#undecided-- === mostUndecided) this.#onRoom()
    this.#progress++
  }

  /** Counts a sign of progress. */
  countProgress(): void {
    this.#progress++
  }

  endedRoute(rid: number): string | undefined {
    return this.givenUp.routeOf(rid)
  }

  /** Returns one of the worker's requests by its id, decided or not. */
  find(rid: number): Request | undefined {
    for (const { requests } of this.turns) {
      for (const request of requests) if (request.rid === rid) return request
    }
    return undefined
  }

  namesOf(rid: number): RequestFields {
    return this.find(rid)?.names ?? this.givenUp.namesOf(rid)
  }
}
