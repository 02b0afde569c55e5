/**
 * The logger that writes every line of the log, including the lines of workers.
 *
 * It writes lines of text or JSON to stderr, or calls the host's own logger. A failure of either never
 * reaches the code that logs. The last lines also stay in memory, in `ring`. The lines with the same message,
 * and errors of the same route, are limited per second; of further ones only the number is logged.
 * SeldomLine differs: it limits one warning to a line in ten seconds, and needs no timer.
 */
import type { Writable } from 'node:stream'
import {
  createLogger,
  createTextLogger,
  type FullLogger,
  formatMessage,
  type LogFields,
  type Logger,
  type LogLevel
} from '../../shared/text/log.js'
import { createJsonLogger } from './json-log.js'
import { LogRing } from './log-ring.js'
import type { Metrics } from './metrics.js'
import { Output } from './output.js'

/**
 * Length of a window, in milliseconds: a message that was repeated too often is logged again in the next
 * window.
 */
const windowLength = 1_000

/**
 * Largest number of different messages that are counted separately in a window. Further ones share one count,
 * since a message with a client's text in it may be new each time.
 */
export const maxKinds = 200

export interface LogDoorInit {
  /** The host's own logger. If undefined, lines are written to `stream`. */
  readonly log: Logger | undefined
  /** Least level of these lines. The host's own logger gets all from `debug` on, and filters by itself. */
  readonly logLevel: LogLevel | 'silent'
  /** The form of these lines. Default: `text`. */
  readonly logFormat?: 'json' | 'text'
  /** Lines of one message per second; 0 allows any number. */
  readonly maxLogLinesPerSecond: number
  /** Receives the lines, and a line about a failure of the host's own logger. */
  readonly stream: Writable
  readonly metrics: Pick<Metrics, 'count'>
  readonly now: () => number
}

/** Lines with the same message, in one window; of errors, those of one route. */
interface Kind {
  readonly level: LogLevel
  readonly text: string
  readonly fields?: LogFields
  passed: number
  held: number
}

export class LogDoor implements FullLogger {
  readonly trace: FullLogger['trace']
  readonly debug: Logger['debug']
  readonly info: Logger['info']
  readonly warn: Logger['warn']
  readonly error: Logger['error']
  /** The last lines. */
  readonly ring: LogRing
  readonly #sink: Logger
  /** Writes to the stream; with the host's own logger, only that this logger fails. */
  readonly #own: FullLogger
  readonly #limit: number
  readonly #metrics: Pick<Metrics, 'count'>
  readonly #kinds = new Map<string, Kind>()
  #others = createKind('warn', 'Lines of other texts')
  #window: NodeJS.Timeout | undefined
  #hasFailed = false

  constructor({ log, logLevel, logFormat, maxLogLinesPerSecond, stream, metrics, now }: LogDoorInit) {
    const output = new Output({
      stream,
      onLost: lines => metrics.count('logLinesDropped', lines),
      onError: () => metrics.count('logErrors'),
      onRecovered: (lines, cause) => this.#tell('warn', `${lines} lines dropped`, { cause })
    })
    const level = log === undefined || logLevel === 'trace' ? logLevel : 'debug'
    const create = logFormat === 'json' ? createJsonLogger : createTextLogger
    this.#own = create(level, line => output.write(`${line}\n`), now)
    this.#sink = log ?? this.#own
    this.ring = new LogRing(now)
    this.#limit = maxLogLinesPerSecond
    this.#metrics = metrics
    const { trace, debug, info, warn, error } = createLogger(level, (...line) => this.#pass(...line))
    this.trace = trace
    this.debug = debug
    this.info = info
    this.warn = warn
    this.error = error
  }

  /**
   * Ends the window, and logs the counts of the lines that were held back. Lines may still come afterwards.
   */
  close(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    const kinds = [...this.#kinds.values(), this.#others]
    this.#kinds.clear()
    this.#others = createKind(this.#others.level, this.#others.text)
    for (const { level, text, held, fields } of kinds) {
      if (held > 0) this.#write(level, `${text} … and ${held} more like it`, fields)
    }
  }

  #pass(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const text = formatMessage(message)
    if (this.#limit > 0 && !this.#admit(level, text, fields)) return this.#metrics.count('logLinesDropped')
    this.#write(level, text, fields)
  }

  #admit(level: LogLevel, text: string, fields: LogFields | undefined): boolean {
    this.#window ??= setTimeout(() => this.close(), windowLength).unref()
    // Errors of one route leave room for those of another. Routes of other lines may be a client's own text.
    const route = level === 'error' ? fields?.['route'] : undefined
    // By level, too: an error is not held back because of lines of less weight with its text.
    const name = typeof route === 'string' ? `${level} ${route} ${text}` : `${level} ${text}`
    let kind = this.#kinds.get(name)
    if (kind === undefined) {
      if (this.#kinds.size === maxKinds) kind = this.#others
      else this.#kinds.set(name, (kind = createKind(level, text, route)))
    }
    const isAdmitted = kind.passed < this.#limit
    if (isAdmitted) kind.passed++
    else kind.held++
    return isAdmitted
  }

  /** Isolates the caller from the logger: a host's logger may throw or reject. */
  #write(level: LogLevel, text: string, fields: LogFields | undefined): void {
    this.ring.add(level, text, fields)
    try {
      const method = this.#sink[level] === undefined ? 'debug' : level
      const written: unknown = this.#sink[method]!(text, fields)
      if (typeof written === 'object' && written !== null)
        Promise.resolve(written).catch(error => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#metrics.count('logErrors')
    this.#metrics.count('logLinesDropped')
    if (this.#hasFailed || this.#sink === this.#own) return
    this.#hasFailed = true
    this.#tell('error', 'The log that was given as an option fails; the metric logErrors counts how often', {
      error
    })
  }

  /** Writes a line of the door's own to the stream. */
  #tell(level: LogLevel, text: string, fields: LogFields): void {
    this.ring.add(level, text, fields)
    this.#own[level](text, fields)
  }
}

function createKind(level: LogLevel, text: string, route?: unknown): Kind {
  return { level, text, passed: 0, held: 0, ...(typeof route === 'string' && { fields: { route } }) }
}
