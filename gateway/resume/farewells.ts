/**
 * What clients are still to be told whose sessions were ended on purpose: one that was away, or whose
 * connection was dead already, learns it when it comes back with its secret. Each is told once. Bounded in
 * time and in number: whoever comes later is told that the session is gone.
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
  /** Of the secrets that its client may come back with. */
  readonly hashes: readonly string[]
  readonly isOf: (uid: string | null) => boolean
  readonly since: number
}

/** Those that are kept at most; the oldest go first. */
const mostFarewells = 10_000

/** Ends that somebody wanted, and that the client is to stay away after. */
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
   * What the client of this user is to be told that has come with this secret; from now on it is not kept.
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
