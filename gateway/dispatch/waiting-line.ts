/**
 * Who waits for a worker, first come first served: lanes, and concurrent requests, which wait by themselves. Those
 * that belong to one worker stand in a line of that worker; each worker takes from its own and from the common one,
 * whichever has waited longer.
 */
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { Throughput } from './throughput.js'

/** Somebody in the line: a session whose lane waits, or a concurrent request. */
export interface Waiter {
  readonly session: Session
  /** undefined: the whole lane of the session waits. */
  readonly request: Request | undefined
  /** Its place in time. */
  readonly since: number
  /** When it came, by the monotonic clock. */
  readonly at: number
}

/** Whether there is still something to hand out: what waited may have been decided, and sessions end. */
function isWaiting({ session, request }: Waiter): boolean {
  return request === undefined ? session.lane.waiting.length > 0 : request.state === 'waiting'
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

  /** Milliseconds that the first has waited. */
  waited(now: number): number {
    const { first } = this
    return first === undefined ? 0 : now - first.at
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

/** The share of the limit that requests wait at most on average: sessions take turns, so that some wait for longer. */
const aimed = 3 / 4

export class WaitingLine {
  readonly #common = new Queue()
  readonly #pinned: Queue[]
  readonly #limit: number
  readonly #throughput: Throughput
  #clock = 0
  #size = 0

  /** `limit`: milliseconds beyond which nobody should wait. */
  constructor(places: number, limit: number) {
    this.#limit = limit
    this.#throughput = new Throughput(limit)
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
    if (this.#size++ === 0) this.#throughput.begin(now)
    queue.add({ session, request, since: ++this.#clock, at: now })
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  /** Milliseconds that somebody has waited, at most. */
  longestWait(now: number): number {
    const queues = [this.#common, ...this.#pinned]
    for (const queue of queues) this.#dropSpent(queue)
    return Math.max(...queues.map(queue => queue.waited(now)))
  }

  /**
   * Whether somebody who comes now would wait for longer than the limit: because somebody before him has, or because
   * so many requests that wait (`waiting`) will take longer. By those who have waited alone that is known too late: behind them
   * came, while they waited, more than workers could do.
   */
  isBehind(place: number | undefined, waiting: number, now: number): boolean {
    const queue = place === undefined ? this.#common : this.#pinned[place]!
    this.#dropSpent(queue)
    if (queue.waited(now) > this.#limit) return true
    return queue.size > 0 && this.#throughput.timeOf(waiting, now) > this.#limit * aimed
  }

  /** So many requests of those that were taken were handed out. */
  handedOut(requests: number, now: number): void {
    this.#throughput.count(requests, now)
  }

  /** Who has nothing to hand out any more leaves, if nobody stands before him who has. */
  #dropSpent(queue: Queue): void {
    let { first } = queue
    while (first !== undefined && !isWaiting(first)) {
      queue.take()
      this.#size--
      first.session.lane.isInLine &&= first.request !== undefined
      first = queue.first
    }
  }

  /** Takes who has waited longest among those that the worker at `place` may take. */
  take(place: number): Waiter | undefined {
    const pinned = this.#pinned[place]!
    const pinnedSince = pinned.first?.since ?? Number.POSITIVE_INFINITY
    const commonSince = this.#common.first?.since ?? Number.POSITIVE_INFINITY
    const taken = pinnedSince < commonSince ? pinned.take() : this.#common.take()
    if (taken !== undefined) this.#size--
    return taken
  }

  /** Takes everybody who waits for the worker at `place`, or, without one, everybody. */
  takeAll(place?: number): Waiter[] {
    const queues = place === undefined ? [this.#common, ...this.#pinned] : [this.#pinned[place]!]
    const all = queues.flatMap(queue => queue.takeAll())
    this.#size -= all.length
    return all.sort((a, b) => a.since - b.since)
  }
}
