/**
 * A rate-limited warning for events that strangers can cause at will: at most one line in ten seconds.
 *
 * The next line tells how many were left out since the last one. LogDoor limits lines too, but only within a
 * second and by message: it guards the log against every message. This warning is quieter, because a single
 * refused client repeats it for days, and it keeps the fields of the events that it does log. The two share
 * no code, for LogDoor needs a timer to report what it held back, and this one reports with its next line.
 */
import type { LogFields, Logger } from '../../shared/text/log.js'

export interface SeldomWarningInit {
  readonly log: Logger
  readonly monotonic: () => number
}

/** Least milliseconds between two lines. */
const quietFor = 10_000

export class SeldomWarning {
  readonly #init: SeldomWarningInit
  readonly #message: string
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(message: string, init: SeldomWarningInit) {
    this.#init = init
    this.#message = message
  }

  tell(fields: LogFields): void {
    const { log, monotonic } = this.#init
    const now = monotonic()
    if (now - this.#toldAt < quietFor) {
      this.#untold++
      return
    }
    this.#toldAt = now
    log.warn(this.#message, this.#untold === 0 ? fields : { ...fields, untold: this.#untold })
    this.#untold = 0
  }
}
