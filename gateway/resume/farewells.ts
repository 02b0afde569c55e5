/**
 * Keeps how sessions were ended on purpose, for clients that could not be told at that moment. A client that
 * was away, or whose connection was dead, is told when it comes back with its secret, once. Bounded in time
 * and in number: a client that comes later is told that the session is gone.
 */
import { closeCodes } from '../../shared/close-codes.js'
import type { ResumableReceiver } from './resumable-receiver.js'

/** How a session was ended, as its client is to be told. */
export interface Farewell {
  readonly code: number
  /** null: the client sees only the close code. */
  readonly kickReason: string | null
}

interface Kept {
  readonly farewell: Farewell
  /** Hashes of the secrets with which the client may come back. */
  readonly hashes: readonly string[]
  readonly isOf: (uid: string | null) => boolean
  readonly since: number
}

/** Farewells that are kept at most; the oldest go first. */
const mostFarewells = 10_000

/** Close codes of ends on purpose, after which the client is to stay away. */
const wanted: readonly number[] = [closeCodes.kicked, closeCodes.replaced]

export class Farewells {
  readonly #window: number
  readonly #byHash = new Map<string, Kept>()
  /** Oldest first. */
  readonly #all = new Set<Kept>()

  /** `window`: milliseconds that each is kept. */
  constructor(window: number) {
    this.#window = window
  }

  get size(): number {
    return this.#all.size
  }

  /** Keeps what a client is to be told, if its session was ended on purpose. `hashes`: of its secrets. */
  add(receiver: ResumableReceiver, farewell: Farewell, hashes: readonly string[], now: number): void {
    if (!wanted.includes(farewell.code) || hashes.length === 0) return
    const kept = { farewell, hashes, isOf: receiver.describeUser(), since: now }
    this.#all.add(kept)
    for (const hash of hashes) this.#byHash.set(hash, kept)
    if (this.#all.size <= mostFarewells) return
    const [oldest] = this.#all
    this.#forget(oldest!)
  }

  /**
   * Removes and returns what a client with this secret is to be told, if it is of this user.
   */
  take(hash: string, uid: string | null): Farewell | undefined {
    const kept = this.#byHash.get(hash)
    if (kept?.isOf(uid) !== true) return undefined
    this.#forget(kept)
    return kept.farewell
  }

  /** Forgets what has been kept for long enough. */
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
