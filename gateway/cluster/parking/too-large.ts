/** Tells of sessions that are larger than what NATS keeps. */
import type { Logger } from '../../../shared/text/log.js'
import type { Session } from '../../sessions/session.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { SeldomLine } from '../../telemetry/seldom-line.js'
import type { ParkedLog } from './entries/parked-log.js'

export interface TooLargeInit {
  readonly log: Pick<ParkedLog, 'maxBytes'>
  readonly metrics: Pick<Metrics, 'count'>
  readonly logger: Logger
  readonly monotonic: () => number
}

export class TooLarge {
  readonly #init: TooLargeInit
  readonly #warning: SeldomLine

  constructor(init: TooLargeInit) {
    this.#init = init
    const { logger: log, monotonic } = init
    this.#warning = new SeldomLine('A session is too large to be kept in NATS', { log, monotonic })
  }

  /** Returns whether so many bytes of a session are too many; then it is counted, and in the log. */
  isSo({ sid, uid }: Session, bytes: number): boolean {
    const { log, metrics } = this.#init
    if (bytes <= log.maxBytes) return false
    metrics.count('sessionsNotKept')
    this.#warning.tell({ sid, uid, bytes, mostBytes: log.maxBytes })
    return true
  }
}
