/**
 * The log of leases: renewals and certificates of death of each start, as entries of one key.
 *
 * All that is decided about a start is decided by the order of its entries. Whoever decides appends an entry
 * first, and then reads until that entry is seen: so it has seen all that is before it, even if an outdated
 * leader of the log answers. That something is absent is never concluded from an answer alone.
 */
import type { Bus } from '../bus/bus.js'

/** An entry about a start. */
export type LeaseEntry =
  /** `ttl`: milliseconds for which the writer's lease lasts; 0: it does not say. */
  | { readonly kind: 'renewal'; readonly number: number; readonly ttl: number }
  /** `last`: the last renewal that the writer knew of; 0: none. No renewal behind a certificate counts. */
  | { readonly kind: 'certificate'; readonly number: number; readonly last: number }

/** The entries of a start, as far as they were read. */
export interface LeaseHistory {
  readonly renewals: readonly number[]
  /** Milliseconds for which the longest of these renewals lasts. */
  readonly ttl: number
  /** The first certificate: the one that counts. */
  readonly certificate: { readonly number: number; readonly last: number } | undefined
}

/** Entries of one start that are read at most: a start has few, since old renewals are removed. */
const mostEntries = 1_000

export class LeaseLog {
  readonly #bus: Bus
  readonly #name: string

  constructor(bus: Bus, name: string) {
    this.#bus = bus
    this.#name = name
  }

  make(): Promise<void> {
    return this.#bus.makeLog({ name: this.#name, maxAge: 0 })
  }

  /** Returns when the log was made. undefined: no answer. */
  madeAt(): Promise<number | undefined> {
    return this.#bus.madeAt(this.#name)
  }

  /**
   * Appends a renewal of a lease that lasts for `ttl` milliseconds. Resolves to its number; undefined: it may
   * be there or not.
   */
  renew(start: number, ttl: number): Promise<number | undefined> {
    return this.#bus.append(this.#name, `${start}`, Buffer.from(`renewal ${Math.ceil(ttl)}`))
  }

  /** Appends a certificate of death. Resolves to its number; undefined: it may be there or not. */
  certify(start: number, last: number): Promise<number | undefined> {
    return this.#bus.append(this.#name, `${start}`, Buffer.from(`certificate ${last}`))
  }

  /**
   * Reads the entries of a start from the number `from` on, up to the first certificate. With `upTo`, it
   * resolves to a history only if that entry was seen, or a certificate before it. undefined: no answer.
   */
  async read(start: number, from: number, upTo?: number): Promise<LeaseHistory | undefined> {
    const renewals: number[] = []
    let ttl = 0
    let next = from
    for (let read = 0; read < mostEntries; read++) {
      const found = await this.#bus.first(this.#name, `${start}`, next)
      if (found === undefined) return undefined
      if (found === null) return upTo === undefined ? { renewals, ttl, certificate: undefined } : undefined
      const entry = readEntry(found.number, found.bytes)
      if (entry.kind === 'certificate') return { renewals, ttl, certificate: entry }
      renewals.push(entry.number)
      ttl = Math.max(ttl, entry.ttl)
      if (entry.number === upTo) return { renewals, ttl, certificate: undefined }
      next = entry.number + 1
    }
    return undefined
  }

  /** Removes a renewal that a later one has made needless. */
  remove(number: number): void {
    void this.#bus.remove(this.#name, number)
  }
}

/** Reads an entry. What no gateway writes counts as a renewal, which ends no start. */
function readEntry(number: number, bytes: Buffer): LeaseEntry {
  const [, word, digits] = /^(certificate|renewal) (\d{1,16})$/.exec(bytes.toString('latin1')) ?? []
  return word === 'certificate'
    ? { kind: 'certificate', number, last: Number(digits) }
    : { kind: 'renewal', number, ttl: Number(digits ?? 0) }
}
