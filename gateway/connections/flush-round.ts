/**
 * Flushes the send queues of all clients once in each round of the event loop.
 * The flush runs in the check phase, after all sockets and links with data were read. So everything that one
 * round brings for a client leaves in one write. A queue whose client is about to get more may wait for the
 * next rounds, as long as each of them brings something: an idle event loop keeps nothing back. One for the
 * whole process.
 */
import { monotonicClock } from '../../shared/clock.js'

/** Milliseconds for which a queue may wait for more. */
const longestWait = 1

export class FlushRound {
  readonly #monotonic: () => number
  #flushes: (() => void)[] = []
  /** The flushes that wait for more, which may be out of date: see `addLate`. */
  #late: (() => void)[] = []
  /** Time at which the first of `#late` was added. */
  #lateSince = 0
  /** Whether this round has brought something. */
  #isBusy = false
  #isAwaited = false

  constructor(monotonic: () => number = monotonicClock) {
    this.#monotonic = monotonic
  }

  /** Calls `flush` at the end of this round. To be called once for each queue and round. */
  add(flush: () => void): void {
    this.#flushes.push(flush)
    this.#await()
  }

  /**
   * Calls `flush` at the end of the first round that brings nothing, and after `longestWait` at the latest.
   * If the same queue is added by `add` meanwhile, `flush` is still called, and finds nothing to do.
   */
  addLate(flush: () => void): void {
    if (this.#late.length === 0) this.#lateSince = this.#monotonic()
    this.#late.push(flush)
    this.#await()
  }

  /** Says that this round has brought something: what waits for more may go on waiting. */
  busy(): void {
    this.#isBusy = true
  }

  #await(): void {
    this.#isBusy = true
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    let flushes = this.#flushes
    this.#flushes = []
    this.#isAwaited = false
    const isDue =
      this.#late.length > 0 && (!this.#isBusy || this.#monotonic() - this.#lateSince >= longestWait)
    if (isDue) {
      flushes = flushes.concat(this.#late)
      this.#late = []
    }
    this.#isBusy = false
    let done = 0
    try {
      for (const flush of flushes) {
        done++
        flush()
      }
    } finally {
      // A flush has thrown: the gateway drains, and the other clients still get what waits for them.
      for (const flush of flushes.slice(done)) this.add(flush)
      if (this.#late.length > 0 && !this.#isAwaited) {
        this.#isAwaited = true
        setImmediate(this.#run)
      }
    }
  }
}

export const flushRound = new FlushRound()
