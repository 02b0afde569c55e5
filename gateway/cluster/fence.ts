/**
 * Ends the sessions of users when this gateway has lost its lease, with the option `fence: end`.
 *
 * Another gateway may have a user soon after the end of the lease. A timer watches for that end, and needs
 * no word from the message bus.
 */
import { closeCodes, formatComeBack } from '../../shared/close-codes.js'
import type { Logger } from '../../shared/text/log.js'
import type { Registry } from '../sessions/registry.js'
import type { Membership } from './members/membership.js'

export interface FenceInit {
  readonly members: Pick<Membership, 'hasLease'>
  /** Milliseconds of a lease. Its holder takes it for a twentieth shorter than the others do. */
  readonly leaseTtl: number
  readonly registry: Pick<Registry, 'all' | 'end'>
  readonly log: Logger
}

/** Milliseconds over which the clients come back. */
const comeBackWithin = 5_000

/** Part of a lease between two looks: less than that by which its holder takes it for shorter. */
const lookPart = 1 / 40

export class Fence {
  readonly #init: FenceInit
  readonly #timer: NodeJS.Timeout

  constructor(init: FenceInit) {
    this.#init = init
    this.#timer = setInterval(() => this.#look(), init.leaseTtl * lookPart).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    if (!this.#init.members.hasLease) this.#endAll()
  }

  #endAll(): void {
    const { registry, log } = this.#init
    const bound = registry.all().filter(({ uid }) => uid !== null)
    if (bound.length === 0) return
    log.warn('The sessions of users end, since this gateway has lost its lease', { sessions: bound.length })
    for (const session of bound) {
      const reason = `the gateway is cut off, ${formatComeBack(Math.random() * comeBackWithin)}`
      registry.end(session, { code: closeCodes.tryAgainLater, reason, kickReason: reason })
    }
  }
}
