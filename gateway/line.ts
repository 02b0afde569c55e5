/**
 * Who waits for a worker, first come first served: lanes, and concurrent requests, which wait by themselves. Those
 * that belong to one worker stand in a line of that worker; each worker takes from its own and from the common one,
 * whichever has waited longer.
 */
import type { Request } from './request.js'
import type { Session } from './session.js'

/** Somebody in the line: a session whose lane waits, or a concurrent request. */
export interface Waiter {
  readonly session: Session
  /** undefined: the whole lane of the session waits. */
  readonly request: Request | undefined
  /** Its place in time. */
  readonly since: number
  /** When it came: milliseconds since 1970. */
  readonly at: number
}

/** Whether there is still something to hand out: what waited may have been decided, and sessions end. */
function isWaiting({ session, request }: Waiter): boolean {
  return request === undefined ? session.lane.waiting.length > 0 : request.state === 'waiting'
}

/** The first who has something to hand out; whoever stands before it and has not leaves. */
function firstOf(queue: Queue): Waiter | undefined {
  let { first } = queue
  while (first !== undefined && !isWaiting(first)) {
    queue.take()
    first.session.lane.isInLine &&= first.request !== undefined
    first = queue.first
  }
  return first
}

/** A queue whose head is taken in constant time. */
class Queue {
  #items: (Waiter | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  get first(): Waiter | undefined {
    return this.#items[this.#head]
  }

  add(waiter: Waiter): void {
    this.#items.push(waiter)
  }

  take(): Waiter | undefined {
    const first = this.#items[this.#head]
    if (first === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length || this.#head >= 1024) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  /** Takes all, oldest first. */
  takeAll(): Waiter[] {
    const all = this.#items.slice(this.#head) as Waiter[]
    this.#items = []
    this.#head = 0
    return all
  }
}

export class Line {
  readonly #common = new Queue()
  readonly #pinned: Queue[]
  #clock = 0

  constructor(places: number) {
    this.#pinned = Array.from({ length: places }, () => new Queue())
  }

  /** Waiters that a worker at this place may take. */
  sizeFor(place: number): number {
    return this.#common.size + this.#pinned[place]!.size
  }

  get commonSize(): number {
    return this.#common.size
  }

  pinnedSize(place: number): number {
    return this.#pinned[place]!.size
  }

  /** `place`: the only worker that may take it; undefined: any. */
  add(session: Session, request: Request | undefined, place: number | undefined, now: number): void {
    const queue = place === undefined ? this.#common : this.#pinned[place]!
    queue.add({ session, request, since: ++this.#clock, at: now })
  }

  /** When the one came who has waited longest; undefined: nobody waits. */
  get oldestAt(): number | undefined {
    const all = [this.#common, ...this.#pinned].flatMap(queue => firstOf(queue)?.at ?? [])
    return all.length === 0 ? undefined : Math.min(...all)
  }

  /** The same, of those behind whom somebody would stand who may only go to that place, or anywhere. */
  oldestBefore(place: number | undefined): number | undefined {
    return firstOf(place === undefined ? this.#common : this.#pinned[place]!)?.at
  }

  /** Takes who has waited longest among those that the worker at `place` may take. */
  take(place: number): Waiter | undefined {
    const pinned = this.#pinned[place]!
    const pinnedSince = pinned.first?.since ?? Number.POSITIVE_INFINITY
    const commonSince = this.#common.first?.since ?? Number.POSITIVE_INFINITY
    return pinnedSince < commonSince ? pinned.take() : this.#common.take()
  }

  /** Takes everybody who waits for the worker at `place`, or, without one, everybody. */
  takeAll(place?: number): Waiter[] {
    if (place !== undefined) return this.#pinned[place]!.takeAll()
    return [this.#common, ...this.#pinned].flatMap(queue => queue.takeAll()).sort((a, b) => a.since - b.since)
  }
}
