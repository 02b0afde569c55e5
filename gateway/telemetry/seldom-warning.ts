/**
 * A rate-limited warning for events that clients can cause at will: at most one line in ten seconds.
 *
 * Each line tells how many warnings were left out since the line before. LogDoor limits lines too, but per
 * second and by message: it protects the log from every message. A seldom warning is quieter, because a
 * single refused client may repeat it for days. It keeps the fields of the events that it logs. The two share
 * no code: LogDoor needs a timer to report the lines that it held back, and a seldom warning reports them
 * with its next line.
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
