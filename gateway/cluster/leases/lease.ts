/**
 * The lease of the own start: renewed by the log of leases, and over by the own clock.
 *
 *     none ── renewal counts ──> held ── its time passes ──> lapsed ── renewal counts ──> held
 *                                  └── certificate seen ──> dead <── certificate seen ──┘
 *
 * A renewal counts if it was acked and no certificate stands before it. The lease then lasts from before the
 * renewal was sent: whoever certifies a death waits for a whole time to live from when they saw the last
 * renewal. A lease that lapsed and that nobody has certified goes on.
 * A start that is dead never lives again; Members begins another. `renew` must not run twice at a time.
 */
import { valueWithin } from '../../../shared/with-timeout.js'
import type { LeaseLog } from './lease-log.js'

/** The outcome of a renewal. */
export type Renewal = 'counts' | 'dead' | 'unanswered'

export interface LeaseInit {
  readonly start: number
  readonly log: LeaseLog
  /** When the log was made, as it was before the first renewal. */
  readonly madeAt: number
  /** Milliseconds of the whole lease. */
  readonly ttl: number
  readonly monotonic: () => number
}

/** The clocks of two machines may differ in rate by this part: the holder's lease ends earlier by it. */
const clockTolerance = 1 / 20

/** The lease is renewed after this part of its time; an answer that takes as long is given up. */
export const renewalPart = 1 / 4

export class Lease {
  readonly start: number
  readonly #log: LeaseLog
  readonly #ttl: number
  readonly #monotonic: () => number
  #madeAt: number
  #ends = Number.NEGATIVE_INFINITY
  #isDead = false
  /** The last renewal that counted. */
  #counted = 0
  #old: readonly number[] = []

  constructor({ start, log, madeAt, ttl, monotonic }: LeaseInit) {
    this.start = start
    this.#log = log
    this.#madeAt = madeAt
    this.#ttl = ttl
    this.#monotonic = monotonic
  }

  /** Whether the lease is good at this moment. */
  get isGood(): boolean {
    return this.left > 0
  }

  /** Milliseconds until the lease ends. */
  get left(): number {
    return Math.max(0, this.#ends - this.#monotonic())
  }

  /** Whether a renewal has ever counted. */
  get hasBegun(): boolean {
    return this.#counted > 0
  }

  /** Number of the last renewal that counted. */
  get renewal(): number {
    return this.#counted
  }

  async renew(): Promise<Renewal> {
    if (this.#isDead) return 'dead'
    const sentAt = this.#monotonic()
    const hasLapsed = this.hasBegun && !this.isGood
    const number = await this.#inTime(this.#log.renew(this.start, this.#ttl))
    if (number === undefined) return 'unanswered'
    // A number that is no greater than one that counted is of a log that was wiped.
    const from = hasLapsed || number <= this.#counted ? 1 : this.#counted + 1
    const history = await this.#inTime(this.#log.read(this.start, from, number))
    if (history === undefined) return 'unanswered'
    if (history.certificate !== undefined) return this.#die()
    // A wiped log may have lost a certificate. While the lease lasted, nobody can have written one.
    if (this.hasBegun && !(this.isGood && !hasLapsed)) {
      const madeAt = await this.#inTime(this.#log.madeAt())
      if (madeAt === undefined) return 'unanswered'
      if (madeAt !== this.#madeAt) {
        await this.giveUp()
        return 'dead'
      }
    }
    for (const old of this.#old) this.#log.remove(old)
    this.#old = history.renewals.filter(renewal => renewal <= number)
    this.#counted = number
    this.#ends = sentAt + this.#ttl * (1 - clockTolerance)
    return 'counts'
  }

  /** Sees that the log was made anew while the lease lasted. */
  async followLog(): Promise<void> {
    const madeAt = await this.#log.madeAt()
    if (madeAt !== undefined && this.isGood) this.#madeAt = madeAt
  }

  /** Ends the lease on purpose, so that nobody has to wait for its end. */
  async giveUp(): Promise<void> {
    const last = this.#counted
    this.#die()
    await this.#log.certify(this.start, last)
  }

  /** Stops waiting for an answer while there is time for another renewal. */
  #inTime<T>(answer: Promise<T | undefined>): Promise<T | undefined> {
    return valueWithin(this.#ttl * renewalPart, answer)
  }

  #die(): 'dead' {
    this.#isDead = true
    this.#ends = Number.NEGATIVE_INFINITY
    return 'dead'
  }
}
