/**
 * The gateways of sessions that are not where they began. Each gateway tells the others of the sessions that
 * have come to it. The moves of a session are counted, so that what comes late is not taken for the newest.
 * Bounded: a session whose row was forgotten is looked for in the gateway that its address names, which may
 * know more.
 */

/** In place of the number of a move: no gateway has told of it. */
const guessed = 0

/** Rows that are kept. Beyond it the oldest is forgotten. */
const mostRows = 1_000_000

/** Sessions of starts that are over, whose numbers of moves are kept. Beyond it the oldest is forgotten. */
const mostOver = 100_000

interface Row {
  readonly start: number
  /** The number of the session's move there. */
  readonly move: number
}

export class MovedTable {
  /** By session number. */
  readonly #rows = new Map<number, Row>()
  /** The numbers of the newest moves of sessions whose start is over. Others may not know that it is. */
  readonly #over = new Map<number, number>()

  get size(): number {
    return this.#rows.size
  }

  /** Returns the start at which a session is. */
  find(sid: number): number | undefined {
    return this.#rows.get(sid)?.start
  }

  /** Returns the number of a session's newest move that is known; -1: none is. */
  moveOf(sid: number): number {
    return this.#rows.get(sid)?.move ?? -1
  }

  /** Returns a number that is greater than those of all moves of a session that were heard of. */
  nextOf(sid: number): number {
    return Math.max(this.moveOf(sid), this.#over.get(sid) ?? -1) + 1
  }

  /** Whether where a session is was only found out by a search: no gateway has told. */
  isGuess(sid: number): boolean {
    return this.moveOf(sid) === guessed
  }

  /** Notes where a search has found a session. */
  guess(sid: number, start: number): void {
    this.set(sid, start, guessed)
  }

  /** Notes a move, unless a newer one is known. */
  set(sid: number, start: number, move: number): void {
    if (this.moveOf(sid) > move) return
    // Deleted first, so that the row counts as the newest.
    this.#rows.delete(sid)
    this.#rows.set(sid, { start, move })
    if (this.#rows.size <= mostRows) return
    const [oldest] = this.#rows.keys()
    this.#rows.delete(oldest!)
  }

  /** Forgets a row, if it still names this start. */
  delete(sid: number, start: number): void {
    if (this.find(sid) === start) this.#rows.delete(sid)
  }

  /** Forgets where a session was: it is here. */
  clear(sid: number): void {
    this.#rows.delete(sid)
    this.#over.delete(sid)
  }

  /** Forgets the sessions of a start that is over. */
  forget(start: number): void {
    for (const [sid, row] of this.#rows) {
      if (row.start !== start) continue
      this.#rows.delete(sid)
      this.#over.set(sid, Math.max(row.move, this.#over.get(sid) ?? 0))
    }
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= mostOver) break
      this.#over.delete(oldest)
    }
  }
}
