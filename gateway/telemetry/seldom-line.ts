/**
 * A rate-limited line of the log for events that clients can cause at will: at most one in ten seconds.
 *
 * Each line tells how many were left out since the line before. LogDoor limits lines too, but per second and
 * by message: it protects the log from every message. A seldom line is quieter, because a single refused
 * client may repeat it for days. It keeps the fields of the events that it logs. The two share no code:
 * LogDoor needs a timer to report the lines that it held back, and a seldom line reports them with its next
 * one.
 */
import type { LogFields, Logger } from '../../shared/text/log.js'

export interface SeldomLineInit {
  readonly log: Logger
  readonly monotonic: () => number
}

/** Least milliseconds between two lines. */
const quietFor = 10_000

export class SeldomLine {
  readonly #init: SeldomLineInit
  readonly #message: string
  readonly #level: 'info' | 'warn'
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(message: string, init: SeldomLineInit, level: 'info' | 'warn' = 'warn') {
    this.#init = init
    this.#message = message
    this.#level = level
  }

  tell(fields: LogFields): void {
    const { log, monotonic } = this.#init
    const now = monotonic()
    if (now - this.#toldAt < quietFor) {
      this.#untold++
      return
    }
    this.#toldAt = now
    log[this.#level](this.#message, this.#untold === 0 ? fields : { ...fields, untold: this.#untold })
    this.#untold = 0
  }
}
