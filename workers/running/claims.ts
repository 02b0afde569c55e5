/** What a worker says of the requests that it was handed: which it begins, which has the thread; and that its event loop turns. */
import { beat, type ClaimTable, claim, setRunning } from '../../shared/link/claims.js'

export interface Claims {
  /** Claims the request at `index` of the slot's turn. False: it was taken back, and so are all behind it. */
  claim(slot: number, index: number): boolean
  /** The request of that number has the thread now; 0: none has. */
  setRunning(rid: number): void
  beat(): void
}

/** Of a thread: in memory that the gateway shares. */
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
