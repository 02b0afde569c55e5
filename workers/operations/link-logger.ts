/**
 * The log of a worker: its lines cross the link, and the gateway's own log prints them.
 * The game may log any values as message and fields. They become text of bounded length here.
 */
import { shorten } from '../../shared/text/field-text.js'
import {
  createLogger,
  type FullLogger,
  formatFields,
  formatMessage,
  type LogFields,
  type LogLevel
} from '../../shared/text/log.js'
import type { Link } from './link.js'

/** Maximum characters of a message. */
const longestMessage = 16_384

/**
 * Creates a logger. `always` are the fields of every line, or returns them for each line. They override
 * fields of the same names.
 */
export function createLinkLogger(link: Link, always: LogFields | (() => LogFields) = {}): FullLogger {
  return createLogger('trace', (level, message, fields) => {
    const text = shorten(formatMessage(message), longestMessage)
    const own = typeof always === 'function' ? always() : always
    link.outbox.log(level, text, formatFields(fields, own))
    link.leaveSoon()
  })
}

/**
 * The log of one request. Lines beyond `maxLines` are dropped and counted until the request ends. 0 means
 * unlimited.
 */
export class RequestLog {
  readonly logger: FullLogger
  readonly #lines: FullLogger
  readonly #maxLines: number
  #count = 0
  #isOver = false

  constructor(link: Link, always: () => LogFields, maxLines: number) {
    this.#lines = createLinkLogger(link, always)
    this.#maxLines = maxLines
    this.logger = createLogger('trace', (level, message, fields) => this.#log(level, message, fields))
  }

  /** Called when the request has ended. Lines that its code still logs later are not limited. */
  end(): void {
    this.#isOver = true
    const dropped = this.#count - this.#maxLines
    if (this.#maxLines > 0 && dropped > 0) this.#lines.warn('Lines of a request were dropped', { dropped })
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const limit = this.#maxLines
    if (this.#isOver || limit === 0 || ++this.#count <= limit) return this.#lines[level](message, fields)
    if (this.#count > limit + 1) return
    this.#lines.warn('A request logs too much, and its further lines are dropped', { limit })
  }
}
