/** Log lines about sessions that made room for others. Few are written: strangers could cause any number. */
import type { Logger } from '../../shared/text/log.js'
import type { DetachedLimits } from './detached-sessions.js'

/** Milliseconds between two lines. */
const quietFor = 10_000

export class EvictionLog {
  readonly #log: Logger
  readonly #monotonic: () => number
  /** Evictions since the last line about them. */
  #unlogged = 0
  #loggedAt = Number.NEGATIVE_INFINITY

  constructor({ log, monotonic }: { readonly log: Logger; readonly monotonic: () => number }) {
    this.#log = log
    this.#monotonic = monotonic
  }

  /** `limit`: the option that required it. `address`: whose session has made room. */
  tell(limit: keyof DetachedLimits, address: string): void {
    this.#unlogged++
    const now = this.#monotonic()
    if (now - this.#loggedAt < quietFor) return
    const sessions = this.#unlogged
    this.#log.warn('Sessions whose clients were away have made room for others', { sessions, limit, address })
    this.#loggedAt = now
    this.#unlogged = 0
  }
}
