/**
 * How long the thread may run without a look at its event loop. Acks, aborts and timers must get through while
 * lanes are long, so after `longestStretch` the lanes that have more to do go on in the loop's next round.
 */
import { nextTick, queueMicrotask, setImmediate } from '../runtime/own-time.js'

/** Milliseconds. */
const longestStretch = 5

export class EventLoopBudget {
  #isRunning = false
  #startedAt = 0
  #deferred: (() => void)[] = []
  #isAwaited = false

  /** Whether what runs now has run for too long. The first call in a stretch begins it. */
  isSpent(now: number): boolean {
    if (this.#isRunning) return now - this.#startedAt >= longestStretch
    this.#isRunning = true
    this.#startedAt = now
    // A tick that is asked for by a microtask comes after all microtasks: when the stretch is over.
    queueMicrotask(this.#afterMicrotasks)
    return false
  }

  /** Goes on with `work` in the event loop's next round. */
  defer(work: () => void): void {
    this.#deferred.push(work)
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(this.#runDeferred)
  }

  get hasDeferred(): boolean {
    return this.#deferred.length > 0
  }

  /** Resolves when all that can run without waiting for anything has run, what was deferred included. */
  async quiet(): Promise<void> {
    do {
      if (this.hasDeferred) await new Promise<void>(resolve => setImmediate(resolve))
      await new Promise<void>(resolve => queueMicrotask(() => nextTick(resolve)))
    } while (this.hasDeferred)
  }

  readonly #afterMicrotasks = () => nextTick(this.#end)

  readonly #end = () => {
    this.#isRunning = false
  }

  readonly #runDeferred = () => {
    this.#isAwaited = false
    const deferred = this.#deferred
    this.#deferred = []
    for (const work of deferred) work()
  }
}
