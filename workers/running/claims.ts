/**
 * The marks of a worker: which requests have started, which one is running, and that its event loop turns.
 * A thread writes to memory that it shares with the gateway; a process has its own implementation
 * (process.ts).
 */
import { beat, type ClaimTable, claim, setRunning } from '../../shared/link/claims.js'

export interface Claims {
  /**
   * Claims the request at `index` of the slot's turn. Returns false if this request and those behind it were
   * taken back.
   */
  claim(slot: number, index: number): boolean
  /** Notes which request occupies the thread; 0 means none. */
  setRunning(rid: number): void
  /** Shows that the event loop turns. */
  beat(): void
}

/** The claims of a thread, in shared memory. */
export class SharedClaims implements Claims {
  readonly #table: ClaimTable

  constructor(table: ClaimTable) {
    this.#table = table
  }

  claim(slot: number, index: number): boolean {
    return claim(this.#table, slot, index)
  }

  setRunning(rid: number): void {
    setRunning(this.#table, rid)
  }

  beat(): void {
    beat(this.#table)
  }
}
