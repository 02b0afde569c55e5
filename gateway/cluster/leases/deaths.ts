/**
 * The deaths of other starts: certifies a start whose lease has ended, for ever.
 *
 * A lease is over if its last renewal has stayed the last for a whole time to live, by the own clock, since
 * it was seen. The time is the own one, or that of the renewal if it is longer: gateways may differ. Who sees
 * that appends a certificate that names this renewal, and reads until the certificate. If no other renewal
 * stands between the two, the start is dead. If one does, it may be counted: then the start is dead a whole
 * time to live after the certificate was seen, since no later renewal counts.
 */
import type { LeaseHistory, LeaseLog } from './lease-log.js'

export interface DeathsInit {
  readonly log: LeaseLog
  /** Milliseconds of a lease. */
  readonly ttl: number
  readonly monotonic: () => number
}

/** What was last seen of a start, and since when it has not changed. */
interface Seen {
  renewal: number
  /** Milliseconds for which the longest renewal lasts, as far as it was read. */
  ttl: number
  certificate: number
  since: number
  lookedAt: number
  /** How often it was seen with another renewal than before. */
  renewals: number
}

/** Starts that are remembered, dead or watched; the oldest are forgotten, and looked up again. */
const mostStarts = 10_000

/** A start whose lease may last is not looked at again before this part of its time. */
const restPart = 1 / 20

export class Deaths {
  readonly #log: LeaseLog
  readonly #ttl: number
  readonly #monotonic: () => number
  readonly #dead = new Set<number>()
  readonly #seen = new Map<number, Seen>()
  readonly #judging = new Map<number, Promise<boolean | undefined>>()

  constructor({ log, ttl, monotonic }: DeathsInit) {
    this.#log = log
    this.#ttl = ttl
    this.#monotonic = monotonic
  }

  /** Whether a start is known to be dead. */
  isKnown(start: number): boolean {
    return this.#dead.has(start)
  }

  /** Whether a start was seen to renew its lease twice: one may be under way when a process is killed. */
  isSeenAlive(start: number): boolean {
    return (this.#seen.get(start)?.renewals ?? 0) >= 2
  }

  /** Notes that a start has renewed its lease: its hello says so. */
  noteRenewal(start: number, renewal: number): void {
    const seen = this.#seen.get(start)
    if (seen === undefined) this.#see(start, renewal, 0, 0).lookedAt = Number.NEGATIVE_INFINITY
    else if (renewal > seen.renewal && seen.certificate === 0) {
      seen.renewal = renewal
      seen.renewals++
      seen.since = this.#monotonic()
    }
  }

  /** Notes that an own start is dead: this process never renews its lease again. */
  noteOwn(start: number): void {
    this.#bury(start)
  }

  /** Notes that a start says it has ended: its certificate can be looked for at once. */
  noteEnd(start: number): void {
    const seen = this.#seen.get(start)
    if (seen !== undefined) seen.lookedAt = Number.NEGATIVE_INFINITY
  }

  /** Grants all starts their whole time anew: while the bus was away, none could renew. */
  waitAnew(): void {
    this.#seen.clear()
  }

  /** Resolves to whether a start is dead. undefined: the bus gives no answer. */
  isDead(start: number): Promise<boolean | undefined> {
    if (this.#dead.has(start)) return Promise.resolve(true)
    const seen = this.#seen.get(start)
    if (seen !== undefined && this.#monotonic() - seen.lookedAt < this.#ttl * restPart && !this.#isOver(seen))
      return Promise.resolve(false)
    let judging = this.#judging.get(start)
    if (judging === undefined) {
      judging = this.#judge(start).finally(() => this.#judging.delete(start))
      this.#judging.set(start, judging)
    }
    return judging
  }

  async #judge(start: number): Promise<boolean | undefined> {
    const history = await this.#log.read(start, 1)
    if (history === undefined) return undefined
    if (history.certificate !== undefined) return this.#judgeCertified(start, history)
    const last = history.renewals.at(-1) ?? 0
    const seen = this.#seen.get(start)
    if (seen === undefined || seen.renewal !== last) this.#see(start, last, history.ttl, 0)
    else this.#noteLook(seen, history)
    if (seen === undefined || seen.renewal !== last || !this.#isOver(seen)) return false
    const certificate = await this.#log.certify(start, last)
    if (certificate === undefined) return undefined
    const certified = await this.#log.read(start, 1, certificate)
    return certified === undefined ? undefined : this.#judgeCertified(start, certified)
  }

  #judgeCertified(start: number, history: LeaseHistory): boolean {
    const { renewals, certificate } = history
    if (certificate === undefined) return false
    if (renewals.every(renewal => renewal <= certificate.last)) return this.#bury(start)
    const seen = this.#seen.get(start)
    if (seen?.certificate !== certificate.number) {
      this.#see(start, renewals.at(-1) ?? 0, history.ttl, certificate.number)
      return false
    }
    this.#noteLook(seen, history)
    return this.#isOver(seen) && this.#bury(start)
  }

  #isOver(seen: Seen): boolean {
    return this.#monotonic() - seen.since >= Math.max(this.#ttl, seen.ttl)
  }

  #noteLook(seen: Seen, { ttl }: LeaseHistory): void {
    seen.lookedAt = this.#monotonic()
    seen.ttl = Math.max(seen.ttl, ttl)
  }

  #see(start: number, renewal: number, ttl: number, certificate: number): Seen {
    const now = this.#monotonic()
    const before = this.#seen.get(start)
    const isNew = before !== undefined && before.renewal !== renewal
    const renewals = (before?.renewals ?? 0) + (isNew ? 1 : 0)
    const seen = { renewal, ttl, certificate, since: now, lookedAt: now, renewals }
    this.#seen.delete(start)
    this.#seen.set(start, seen)
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= mostStarts) break
      this.#seen.delete(oldest)
    }
    return seen
  }

  #bury(start: number): true {
    this.#seen.delete(start)
    this.#dead.add(start)
    for (const oldest of this.#dead) {
      if (this.#dead.size <= mostStarts) break
      this.#dead.delete(oldest)
    }
    return true
  }
}
