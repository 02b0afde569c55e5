/** The slots of one worker's claim table, and the turns that occupy them. */
import { claimSlots } from '../../../shared/link/claims.js'
import type { Turn } from '../../sessions/turn.js'

export class TurnSlots implements Iterable<Turn> {
  readonly #free: number[] = []
  readonly #turns = new Map<number, Turn>()
  readonly #onRoom: () => void

  /** @param onRoom called when a slot is free again and none was */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom
    for (let slot = claimSlots - 1; slot >= 0; slot--) this.#free.push(slot)
  }

  /** Number of turns that the worker has room for. */
  get room(): number {
    return this.#free.length
  }

  get size(): number {
    return this.#turns.size
  }

  take(): number {
    return this.#free.pop()!
  }

  add(turn: Turn): void {
    this.#turns.set(turn.slot, turn)
  }

  find(slot: number): Turn | undefined {
    return this.#turns.get(slot)
  }

  /** Frees the turn's slot. Does nothing if the turn has none any more. */
  free(turn: Turn): void {
    if (this.#turns.get(turn.slot) !== turn) return
    this.#turns.delete(turn.slot)
    if (this.#free.push(turn.slot) === 1) this.#onRoom()
  }

  [Symbol.iterator](): Iterator<Turn> {
    return this.#turns.values()
  }
}
