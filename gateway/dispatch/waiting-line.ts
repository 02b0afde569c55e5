/**
 * The line of lanes and concurrent requests that wait for a worker, first come, first served. Waiters that
 * only one worker may take (by affinity) stand in that worker's own line, all others in the common line. A
 * worker takes from both, the longest wait first.
 */
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { Throughput } from './throughput.js'

/** One entry of the line: a session whose lane waits, or a concurrent request. */
export interface Waiter {
  readonly session: Session
  /** The concurrent request; undefined if the lane of the session waits. */
  readonly request: Request | undefined
  /** Sequence number of its arrival. */
  readonly since: number
  /** Time of its arrival, by the monotonic clock. */
  readonly at: number
}

/**
 * Whether the waiter still has a request to hand out. Its requests may have been decided meanwhile, and its
 * session may have ended.
 */
function isWaiting({ session, request }: Waiter): boolean {
  return request === undefined ? session.lane.waiting.length > 0 : request.state === 'waiting'
}

/** A queue whose head is removed in constant time. */
class Queue {
  #items: (Waiter | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  get first(): Waiter | undefined {
    return this.#items[this.#head]
  }

  /** Returns the milliseconds that the first waiter has waited. */
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

  /** Takes all waiters, oldest first. */
  takeAll(): Waiter[] {
    const all = this.#items.slice(this.#head) as Waiter[]
    this.#items = []
    this.#head = 0
    return all
  }
}

/** Share of the limit that the average wait may reach. Sessions take turns, so some requests wait longer. */
const aimed = 3 / 4

export class WaitingLine {
  readonly #common = new Queue()
  readonly #pinned: Queue[]
  readonly #limit: number
  readonly #throughput: Throughput
  #clock = 0
  #size = 0

  /** Creates the lines for `places` workers. A waiter should wait at most `limit` milliseconds. */
  constructor(places: number, limit: number) {
    this.#limit = limit
    this.#throughput = new Throughput(limit)
    this.#pinned = Array.from({ length: places }, () => new Queue())
  }

  /** Returns the number of waiters that the worker at a place may take. */
  sizeFor(place: number): number {
    return this.#common.size + this.#pinned[place]!.size
  }

  get commonSize(): number {
    return this.#common.size
  }

  pinnedSize(place: number): number {
    return this.#pinned[place]!.size
  }

  /** Adds a waiter. `place` is the place of the only worker that may take it; undefined if any worker may. */
  add(session: Session, request: Request | undefined, place: number | undefined, now: number): void {
    const queue = place === undefined ? this.#common : this.#pinned[place]!
    if (this.#size++ === 0) this.#throughput.begin(now)
    queue.add({ session, request, since: ++this.#clock, at: now })
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  /** Returns the longest wait in milliseconds. */
  longestWait(now: number): number {
    const queues = [this.#common, ...this.#pinned]
    for (const queue of queues) this.#dropSpent(queue)
    return Math.max(...queues.map(queue => queue.waited(now)))
  }

  /**
   * Whether a request that arrives now would wait longer than the limit. This is so if the first waiter has
   * already waited longer, or if the `waiting` requests are estimated to take longer than the `aimed` share
   * of the limit. The first condition alone comes too late: meanwhile more requests may have arrived than the
   * workers can run.
   */
  isBehind(place: number | undefined, waiting: number, now: number): boolean {
    const queue = place === undefined ? this.#common : this.#pinned[place]!
    this.#dropSpent(queue)
    if (queue.waited(now) > this.#limit) return true
    return queue.size > 0 && this.#throughput.timeOf(waiting, now) > this.#limit * aimed
  }

  /** Counts requests that were taken from the line and handed out. */
  handedOut(requests: number, now: number): void {
    this.#throughput.count(requests, now)
  }

  /** Drops waiters without a request to hand out from the head of the line. */
  #dropSpent(queue: Queue): void {
    let { first } = queue
    while (first !== undefined && !isWaiting(first)) {
      queue.take()
      this.#size--
      first.session.lane.isInLine &&= first.request !== undefined
      first = queue.first
    }
  }

  /** Takes the waiter with the longest wait among those that the worker at `place` may take. */
  take(place: number): Waiter | undefined {
    const pinned = this.#pinned[place]!
    const pinnedSince = pinned.first?.since ?? Number.POSITIVE_INFINITY
    const commonSince = this.#common.first?.since ?? Number.POSITIVE_INFINITY
    const taken = pinnedSince < commonSince ? pinned.take() : this.#common.take()
    if (taken !== undefined) this.#size--
    return taken
  }

  /** Takes all waiters that only the worker at `place` may take; without a place, all waiters. */
  takeAll(place?: number): Waiter[] {
    const queues = place === undefined ? [this.#common, ...this.#pinned] : [this.#pinned[place]!]
    const all = queues.flatMap(queue => queue.takeAll())
    this.#size -= all.length
    return all.sort((a, b) => a.since - b.since)
  }
}
