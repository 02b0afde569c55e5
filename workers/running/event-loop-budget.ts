/**
 * Limits how long turns may block the event loop.
 * Acks, aborts and timers must get through while lanes are long. After `longestStretch`, turns with further
 * requests go on in the event loop's next round.
 */
import { nextTick, queueMicrotask, setImmediate } from '../runtime/own-time.js'

/** Maximum milliseconds of one stretch of work. */
const longestStretch = 5

export class EventLoopBudget {
  #isRunning = false
  #startedAt = 0
  #deferred: (() => void)[] = []
  #isAwaited = false

  /** Whether the current stretch has lasted too long. The first call in a stretch begins it. */
  isSpent(now: number): boolean {
    if (this.#isRunning) return now - this.#startedAt >= longestStretch
    this.#isRunning = true
    this.#startedAt = now
    // A `nextTick` callback that a microtask schedules runs after all microtasks. Then the stretch is over.
    queueMicrotask(this.#afterMicrotasks)
    return false
  }

  /** Runs `work` in the event loop's next round, once all messages were read that have arrived by then. */
  defer(work: () => void): void {
    this.#deferred.push(work)
    if (this.#isAwaited) return
    this.#isAwaited = true
    setImmediate(this.#awaitMessages)
  }

  get hasDeferred(): boolean {
    return this.#deferred.length > 0
  }

  /**
   * Resolves when everything that can run without waiting has run, including deferred work and the callbacks
   * of settled operations, which are called two ticks later (callback.ts).
   */
  async quiet(): Promise<void> {
    do {
      if (this.hasDeferred) await new Promise<void>(resolve => setImmediate(resolve))
      await new Promise<void>(resolve => queueMicrotask(() => nextTick(nextTick, resolve)))
    } while (this.hasDeferred)
  }

  readonly #afterMicrotasks = () => nextTick(this.#end)

  readonly #end = () => {
    this.#isRunning = false
  }

  /** An immediate runs before the loop reads messages again, if it was set while the loop read them. */
  readonly #awaitMessages = () => setImmediate(this.#runDeferred)

  readonly #runDeferred = () => {
    this.#isAwaited = false
    const deferred = this.#deferred
    this.#deferred = []
    for (const work of deferred) work()
  }
}
