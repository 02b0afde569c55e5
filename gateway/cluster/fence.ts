/**
 * Ends the sessions of users when this gateway has lost its lease, with the option `fence: end`.
 *
 * Another gateway may have a user from the end of the lease on. So the end is watched by a timer, and needs no
 * word from the message bus.
 */
import { closeCodes, formatComeBack } from '../../shared/close-codes.js'
import type { Logger } from '../../shared/text/log.js'
import type { Registry } from '../sessions/registry.js'

export interface FenceInit {
  readonly members: { readonly hasLease: boolean; readonly leaseLeft: number }
  readonly registry: Pick<Registry, 'all' | 'end'>
  readonly log: Logger
}

/** Milliseconds over which the clients come back. */
const comeBackWithin = 5_000

/** Shortest wait of the timer, in milliseconds, while there is no lease. */
const shortestWait = 100

export class Fence {
  readonly #init: FenceInit
  #timer: NodeJS.Timeout | undefined

  constructor(init: FenceInit) {
    this.#init = init
    this.#look()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    const { members } = this.#init
    if (!members.hasLease) this.#endAll()
    this.#timer = setTimeout(() => this.#look(), Math.max(shortestWait, members.leaseLeft)).unref()
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
