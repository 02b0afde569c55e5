/** How long a gateway that joins waits until its first start is a member. */
import { renewalPart } from '../leases/lease.js'
import { longestNaming } from '../leases/starts.js'

/** The outcome of one step towards being a member, and of the whole join. */
export type JoinOutcome = 'member' | 'taken' | 'unanswered'

export class JoinWait {
  readonly #leaseTtl: number
  readonly #monotonic: () => number
  #answeredAt: number
  /** Since when the name was taken at each step. */
  #takenSince: number | undefined

  constructor(leaseTtl: number, monotonic: () => number) {
    this.#leaseTtl = leaseTtl
    this.#monotonic = monotonic
    this.#answeredAt = monotonic()
  }

  /**
   * Whether the outcome of a step is that of the whole join. `hasNamesake`: an earlier start of the name was
   * seen to renew its lease, so waiting for its end is in vain.
   */
  isDecided(outcome: JoinOutcome, hasNamesake: boolean): boolean {
    const now = this.#monotonic()
    if (outcome === 'taken') this.#takenSince ??= now
    if (outcome !== 'unanswered') this.#answeredAt = now
    const since = outcome === 'taken' ? this.#takenSince! : this.#answeredAt
    const leases = outcome === 'taken' && hasNamesake ? 1 + renewalPart : longestNaming
    return outcome === 'member' || now - since > leases * this.#leaseTtl
  }

  /** The bus is back: until now no earlier start of the name could die. */
  waitAnew(): void {
    this.#takenSince = undefined
  }
}
