/**
 * The removals of entries of claims, each of which is made once.
 *
 * nats-server 2.9 loses sight of a user's later entries when one is removed twice at nearly the same time. So
 * an entry whose removal is under way, or done, is not removed again, unless a look that began behind the
 * removal has seen it: then it came back, or the log was made anew.
 */
import type { Bus } from '../bus/bus.js'

interface Removal {
  readonly answer: Promise<boolean>
  /** The moment at which it was answered. */
  doneAt: number
}

/** Removals that are remembered; the oldest are forgotten. */
const mostRemovals = 2_000

export class Removals {
  readonly #bus: Pick<Bus, 'remove'>
  readonly #removals = new Map<string, Removal>()
  #moment = 0

  constructor(bus: Pick<Bus, 'remove'>) {
    this.#bus = bus
  }

  get size(): number {
    return this.#removals.size
  }

  /** Returns a moment later than all before: for `remove`, to be taken before the look. */
  nextMoment(): number {
    return ++this.#moment
  }

  /** Notes that an entry was appended: an earlier one of its number was in a log that is lost. */
  noteAppended(log: string, number: number): void {
    this.#removals.delete(`${log} ${number}`)
  }

  /**
   * Removes an entry. Resolves to whether the bus has answered.
   *
   * @param seenAt the moment at which a look began that has seen the entry
   */
  remove(log: string, number: number, seenAt = 0): Promise<boolean> {
    const key = `${log} ${number}`
    const known = this.#removals.get(key)
    if (known !== undefined && known.doneAt >= seenAt) return known.answer
    const removal: Removal = {
      answer: this.#bus.remove(log, number).then(isDone => {
        if (isDone) removal.doneAt = this.nextMoment()
        else if (this.#removals.get(key) === removal) this.#removals.delete(key)
        return isDone
      }),
      doneAt: Number.POSITIVE_INFINITY
    }
    this.#removals.delete(key)
    this.#removals.set(key, removal)
    for (const oldest of this.#removals.keys()) {
      if (this.#removals.size <= mostRemovals) break
      this.#removals.delete(oldest)
    }
    return removal.answer
  }
}
