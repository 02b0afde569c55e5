/**
 * A warning that strangers can cause as often as they like: a line now and then, with how many there were in
 * between.
 */
import type { LogFields, Logger } from '../../shared/text/log.js'

export interface SeldomWarningInit {
  readonly log: Logger
  readonly monotonic: () => number
}

/** Milliseconds between two lines, at least. */
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
