/**
 * Logs the remarks of the workers on the handlers' folder, each time that they change.
 * All workers load the same folder, and a reload or a replacement mostly has the same remarks again.
 */
import type { LoadingNote } from '../shared/link/hello.js'
import type { Logger } from '../shared/text/log.js'

export class LoadingNotes {
  readonly #log: Logger
  #told: ReadonlySet<string> = new Set()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Logs the remarks that were not made last time. */
  tell(notes: readonly LoadingNote[]): void {
    const before = this.#told
    this.#told = new Set(notes.map(each => JSON.stringify(each)))
    for (const note of notes) {
      if (!before.has(JSON.stringify(note))) this.#log[note.level](note.message, note.fields)
    }
  }
}
