/** The waits of detached sessions for their clients, by the moment at which each ends. */
import { type Rank, Ranking } from '../limits/ranking.js'

export interface Wait {
  /** When the wait began. */
  readonly since: number
  /** Milliseconds from then on. */
  readonly ms: number
  /** Whether the session waits only briefly, because it held nothing. */
  readonly isBrief: boolean
}

interface Entry<Item> {
  wait: Wait
  readonly rank: Rank<Item>
}

export class Waits<Item> {
  readonly #entries = new Map<Item, Entry<Item>>()
  /** Items by the end of their wait. It is negative, so that the next end has the greatest weight. */
  readonly #byEnd = new Ranking<Item>()

  /** A new list of all items that wait. */
  get items(): Item[] {
    return [...this.#entries.keys()]
  }

  find(item: Item): Wait | undefined {
    return this.#entries.get(item)?.wait
  }

  /** Begins the wait of an item, or changes it. */
  set(item: Item, wait: Wait): void {
    const end = wait.since + wait.ms
    const entry = this.#entries.get(item)
    if (entry === undefined) {
      this.#entries.set(item, { wait, rank: this.#byEnd.add(item, -end) })
    } else {
      entry.wait = wait
      this.#byEnd.change(entry.rank, -end)
    }
  }

  /** Ends the wait of an item. Does nothing if it does not wait. */
  delete(item: Item): void {
    const entry = this.#entries.get(item)
    if (entry === undefined) return
    this.#entries.delete(item)
    this.#byEnd.remove(entry.rank)
  }

  /** Returns the item whose wait was over first; undefined if none is over. */
  findOver(time: number): Item | undefined {
    const next = this.#byEnd.top
    return next !== undefined && -next.weight <= time ? next.item : undefined
  }
}
