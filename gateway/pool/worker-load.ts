/** What one worker has to do: turns, requests that are not decided, handlers that hang; and whether it gets on with it. */
import type { OperationSource } from '../operations/operation-acks.js'
import type { Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import { GivenUpRequests } from './given-up-requests.js'
import { TurnSlots } from './turn-slots.js'

/** Requests that are not decided, of which a worker may have so many before it is given no more. */
const mostUndecided = 1_000

export class WorkerLoad implements OperationSource {
  readonly serial: number
  /** Turns that it holds, over or not. */
  readonly turns = new TurnSlots()
  readonly givenUp = new GivenUpRequests()
  #undecided = 0
  #progress = 0

  /** `serial`: the worker's. */
  constructor(serial: number) {
    this.serial = serial
  }

  /** Requests that it holds and that are not decided. */
  get undecided(): number {
    return this.#undecided
  }

  /** Whether it has as much as it may have. */
  get isFull(): boolean {
    return this.#undecided >= mostUndecided || this.turns.room === 0
  }

  /** Another number whenever it has got on. */
  get progress(): number {
    return this.#progress
  }

  add(turn: Turn): void {
    this.turns.add(turn)
    this.#undecided += turn.requests.length
  }

  /** A request was taken back, or is decided. */
  forget(): void {
    this.#undecided--
    this.#progress++
  }

  getOn(): void {
    this.#progress++
  }

  endedRoute(rid: number): string | undefined {
    return this.givenUp.routeOf(rid)
  }

  /** A request that it has, decided or not. */
  find(rid: number): Request | undefined {
    for (const { requests } of this.turns) {
      for (const request of requests) if (request.rid === rid) return request
    }
    return undefined
  }

  routeOf(rid: number): string | undefined {
    return this.find(rid)?.route.name ?? this.givenUp.routeOf(rid)
  }
}
