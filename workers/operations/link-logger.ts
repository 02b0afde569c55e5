/**
 * The log of what runs in a worker: its lines travel over the link, and come out of the gateway's own.
 * Nothing that a game logs leaves as it is: message and fields become text here, whatever they are, and no
 * more than a line may hold.
 */
import { shorten } from '../../shared/text/field-text.js'
import {
  createLogger,
  formatFields,
  formatMessage,
  type LogFields,
  type Logger,
  type LogLevel
} from '../../shared/text/log.js'
import type { Link } from './link.js'

/** Characters of a message, at most. */
const longestMessage = 16_384

/** `always`: fields of each line, which win over those of the same names that the game gives. */
export function createLinkLogger(link: Link, always: Readonly<Record<string, unknown>>): Logger {
  return createLogger('debug', (level, message, fields) => {
    const text = shorten(formatMessage(message), longestMessage)
    link.outbox.log(level, text, formatFields(fields, always))
    link.leaveSoon()
  })
}

/**
 * The log of one request: what it logs beyond `maxLines` until it ends is dropped, and counted. 0: any
 * number.
 */
export class RequestLog {
  readonly logger: Logger
  readonly #lines: Logger
  readonly #maxLines: number
  #count = 0
  #isOver = false

  constructor(link: Link, always: Readonly<Record<string, unknown>>, maxLines: number) {
    this.#lines = createLinkLogger(link, always)
    this.#maxLines = maxLines
    this.logger = createLogger('debug', (level, message, fields) => this.#log(level, message, fields))
  }

  /** The request has ended: what is logged from now on is logged by the game's own clock. */
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
