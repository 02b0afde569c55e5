/**
 * The gateways of sessions that are not where they began. Each gateway tells the others of the sessions that
 * have come to it, so a row has one writer. Bounded: a session whose row was forgotten is looked for in the
 * gateway that its address names, which may know more.
 */

/** Rows that are kept. Beyond it the oldest is forgotten. */
const mostRows = 1_000_000

export class MovedTable {
  /** Start numbers by session number. */
  readonly #starts = new Map<number, number>()

  get size(): number {
    return this.#starts.size
  }

  find(sid: number): number | undefined {
    return this.#starts.get(sid)
  }

  set(sid: number, start: number): void {
    // Deleted first, so that the row counts as the newest.
    this.#starts.delete(sid)
    this.#starts.set(sid, start)
    if (this.#starts.size <= mostRows) return
    const [oldest] = this.#starts.keys()
    this.#starts.delete(oldest!)
  }

  /** Forgets a row, if it still names this start. */
  delete(sid: number, start: number): void {
    if (this.#starts.get(sid) === start) this.#starts.delete(sid)
  }

  /** Forgets the sessions of a start that is over. */
  forget(start: number): void {
    for (const [sid, each] of this.#starts) if (each === start) this.#starts.delete(sid)
  }
}
