/**
 * Records how sessions were ended on purpose, for clients that were not connected then.
 * A client that was away, or had a dead connection, is told once, when it comes back with its secret. The
 * secret counts for the same user only, as in resumption.ts. Bounded in time and in number: a client that
 * comes later is told that the session is gone.
 */
import { closeCodes } from '../../shared/close-codes.js'
import type { ResumableReceiver } from './resumable-receiver.js'

/** The end of a session, as its client is to be told. */
export interface Farewell {
  readonly code: number
  /** null: the client sees only the close code. */
  readonly kickReason: string | null
}

interface Kept {
  readonly farewell: Farewell
  /** Hashes of the client's secrets. */
  readonly hashes: readonly string[]
  readonly isOf: (uid: string | null) => boolean
  readonly since: number
}

/** Maximum number of farewells. Beyond it the oldest is forgotten. */
const mostFarewells = 10_000

/** Close codes of ends on purpose, after which the client is to stay away. */
const wanted: readonly number[] = [closeCodes.kicked, closeCodes.replaced]

export class Farewells {
  readonly #window: number
  readonly #byHash = new Map<string, Kept>()
  /** Oldest first. */
  readonly #all = new Set<Kept>()

  /** `window`: milliseconds for which a farewell is kept. */
  constructor(window: number) {
    this.#window = window
  }

  get size(): number {
    return this.#all.size
  }

  /**
   * Keeps the farewell of a session that was ended on purpose; does nothing for other ends. `hashes`: those
   * of the client's secrets.
   */
  add(receiver: ResumableReceiver, farewell: Farewell, hashes: readonly string[], now: number): void {
    if (!wanted.includes(farewell.code) || hashes.length === 0) return
    const kept = { farewell, hashes, isOf: receiver.describeUser(), since: now }
    this.#all.add(kept)
    for (const hash of hashes) this.#byHash.set(hash, kept)
    if (this.#all.size <= mostFarewells) return
    const [oldest] = this.#all
    this.#forget(oldest!)
  }

  has(hash: string): boolean {
    return this.#byHash.has(hash)
  }

  /**
   * Removes and returns the farewell of a client with this secret. undefined: there is none for this user.
   */
  take(hash: string, uid: string | null): Farewell | undefined {
    const kept = this.#byHash.get(hash)
    if (kept?.isOf(uid) !== true) return undefined
    this.#forget(kept)
    return kept.farewell
  }

  /** Forgets farewells that are older than the window. */
  look(now: number): void {
    for (const kept of this.#all) {
      if (now - kept.since < this.#window) return
      this.#forget(kept)
    }
  }

  #forget(kept: Kept): void {
    this.#all.delete(kept)
    for (const hash of kept.hashes) this.#byHash.delete(hash)
  }
}
