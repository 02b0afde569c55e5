/**
 * Records how sessions were ended on purpose, for clients that were not connected then.
 * A client that was away, or had a dead connection, is told when it comes back with its secret, and for a
 * while again: the first word may be lost with its connection. The secret counts for the same user only, as
 * in resumption.ts. Bounded in time and in number: a client that comes later is told that the session is
 * gone. A gateway that leaves its cluster hands its farewells to all others, since the client may come back
 * at any of them.
 */
import { closeCodes } from '../../shared/close-codes.js'
import { isEither, type ResumeUsers } from './resumable-parts.js'

/** The end of a session, as its client is to be told. */
export interface Farewell {
  readonly code: number
  /** null: the client sees only the close code. */
  readonly kickReason: string | null
}

/** A farewell, and whom it is for. */
export interface AddressedFarewell extends Farewell {
  /** The number of the session. */
  readonly sid: number
  /** Hashes of the client's secrets. */
  readonly hashes: readonly string[]
  readonly users: ResumeUsers
}

/** A farewell, and for how many milliseconds more it is kept. */
export interface KeptFarewell extends AddressedFarewell {
  readonly left: number
}

interface Kept {
  readonly farewell: AddressedFarewell
  until: number
}

/** Milliseconds for which a client that was told is told again. */
export const toldAgainFor = 10_000

/** Maximum number of farewells. Beyond it the oldest is forgotten. */
const mostFarewells = 10_000

/** Close codes of ends on purpose, after which the client is to stay away. */
const wanted: readonly number[] = [closeCodes.kicked, closeCodes.replaced]

export class Farewells {
  readonly #window: number
  readonly #byHash = new Map<string, Kept>()
  /** In the order in which they came here. One of another gateway is kept as long as those before it. */
  readonly #all = new Set<Kept>()

  /** `window`: milliseconds for which a farewell is kept. */
  constructor(window: number) {
    this.#window = window
  }

  get size(): number {
    return this.#all.size
  }

  /** Keeps the farewell of a session that was ended on purpose; does nothing for other ends. */
  add(farewell: AddressedFarewell, now: number): void {
    if (wanted.includes(farewell.code)) this.#keep(farewell, now + this.#window)
  }

  /** Keeps a farewell of another gateway. Does nothing if it is here already. */
  keepOn({ left, ...farewell }: KeptFarewell, now: number): void {
    if (!farewell.hashes.some(hash => this.#byHash.has(hash)))
      this.#keep(farewell, now + Math.min(left, this.#window))
  }

  /** Returns all, in the order in which they came. */
  list(now: number): KeptFarewell[] {
    return Array.from(this.#all, ({ farewell, until }) => ({ ...farewell, left: Math.max(0, until - now) }))
  }

  has(hash: string): boolean {
    return this.#byHash.has(hash)
  }

  /** Returns the farewell of a client with this secret. undefined: there is none for this user. */
  tell(hash: string, uid: string | null, now: number): Farewell | undefined {
    const kept = this.#byHash.get(hash)
    if (kept === undefined || now >= kept.until || !isEither(kept.farewell.users, uid)) return undefined
    kept.until = Math.min(kept.until, now + toldAgainFor)
    const { code, kickReason } = kept.farewell
    return { code, kickReason }
  }

  /** Forgets farewells whose time is over. One that was told may wait for those before it. */
  look(now: number): void {
    for (const kept of this.#all) {
      if (now < kept.until) return
      this.#forget(kept)
    }
  }

  #keep(farewell: AddressedFarewell, until: number): void {
    if (farewell.hashes.length === 0) return
    const kept = { farewell, until }
    this.#all.add(kept)
    for (const hash of farewell.hashes) this.#byHash.set(hash, kept)
    if (this.#all.size <= mostFarewells) return
    const [oldest] = this.#all
    this.#forget(oldest!)
  }

  #forget(kept: Kept): void {
    this.#all.delete(kept)
    for (const hash of kept.farewell.hashes) this.#byHash.delete(hash)
  }
}
