/** The audit of the console: who has done what. Each entry is a line of the log, and the last are kept. */
import type { Logger } from '../../shared/text/log.js'
import type { AuditEntry } from './api/console-api.js'

/** Number of entries that are kept. */
const kept = 200

export class Audit {
  readonly #log: Logger
  readonly #now: () => number
  /** Newest first. */
  readonly #entries: AuditEntry[] = []

  constructor(log: Logger, now: () => number) {
    this.#log = log
    this.#now = now
  }

  /** Newest first. */
  get entries(): readonly AuditEntry[] {
    return this.#entries
  }

  add(entry: Omit<AuditEntry, 'at'>): void {
    this.#entries.unshift({ at: this.#now(), ...entry })
    if (this.#entries.length > kept) this.#entries.pop()
    const { by, action, to, result } = entry
    const fields = { action, to, by, result }
    if (result === 'done') this.#log.info('The console was used', fields)
    else this.#log.warn('The console refused a call', fields)
  }
}
