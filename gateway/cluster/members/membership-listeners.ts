/** Those who are told of changes in the cluster's membership. */
import type { Logger } from '../../../shared/text/log.js'
import type { MembershipListener } from './membership.js'

export class MembershipListeners {
  readonly #log: Logger
  readonly #all: MembershipListener[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  add(listener: MembershipListener): void {
    this.#all.push(listener)
  }

  /** Tells all. One that throws does not keep the others from being told. */
  tell(call: (listener: MembershipListener) => void): void {
    for (const listener of this.#all) {
      try {
        call(listener)
      } catch (error) {
        this.#log.error('What follows from a change in the cluster has failed', { error })
      }
    }
  }
}
