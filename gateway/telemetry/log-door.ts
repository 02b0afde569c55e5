/**
 * The one door through which every line of the log leaves, those of workers too. Behind it is what writes
 * them: text lines on stderr, or the host's own log. Whatever becomes of that, whoever logs never hears of
 * it; what strangers can repeat is told as a count.
 */
import type { Writable } from 'node:stream'
import {
  createLogger,
  createTextLogger,
  formatMessage,
  type LogFields,
  type Logger,
  type LogLevel
} from '../../shared/text/log.js'
import type { Metrics } from './metrics.js'
import { Output } from './output.js'

/** Milliseconds after which a text may be logged anew that was repeated too often. */
const windowLength = 1_000

/**
 * Different texts in a window. Those beyond share one count: a text that a stranger chose is new each time.
 */
export const maxKinds = 200

export interface LogDoorInit {
  /** The host's own; undefined: text lines on `stream`. */
  readonly log: Logger | undefined
  /** Applies to text lines only: the host's own log has all, and sees for itself. */
  readonly logLevel: LogLevel | 'silent'
  /** Lines of one text in a second; 0: any number. */
  readonly maxLogLinesPerSecond: number
  /** Where text lines go, and what is to be said of the host's own log. */
  readonly stream: Writable
  readonly metrics: Pick<Metrics, 'count'>
  readonly now: () => number
}

/** Lines with the same text, in one window. */
interface Kind {
  readonly level: LogLevel
  readonly text: string
  passed: number
  held: number
}

export class LogDoor implements Logger {
  readonly debug: Logger['debug']
  readonly info: Logger['info']
  readonly warn: Logger['warn']
  readonly error: Logger['error']
  readonly #sink: Logger
  /** Where it is said that the host's own log fails. */
  readonly #text: Logger
  readonly #limit: number
  readonly #metrics: Pick<Metrics, 'count'>
  readonly #kinds = new Map<string, Kind>()
  #others = createKind('warn', 'Lines of other texts')
  #window: NodeJS.Timeout | undefined
  #hasFailed = false

  constructor({ log, logLevel, maxLogLinesPerSecond, stream, metrics, now }: LogDoorInit) {
    const output = new Output({
      stream,
      onLost: lines => metrics.count('logLinesDropped', lines),
      onError: () => metrics.count('logErrors'),
      onRecovered: (lines, cause) => this.#text.warn(`${lines} lines dropped`, { cause })
    })
    const level = log === undefined ? logLevel : 'debug'
    this.#text = createTextLogger(level, line => output.write(`${line}\n`), now)
    this.#sink = log ?? this.#text
    this.#limit = maxLogLinesPerSecond
    this.#metrics = metrics
    const { debug, info, warn, error } = createLogger(level, (...line) => this.#pass(...line))
    this.debug = debug
    this.info = info
    this.warn = warn
    this.error = error
  }

  /** Tells what is counted and not yet told. Lines may still come. */
  close(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    const kinds = [...this.#kinds.values(), this.#others]
    this.#kinds.clear()
    this.#others = createKind(this.#others.level, this.#others.text)
    for (const { level, text, held } of kinds) {
      if (held > 0) this.#write(level, `${text} … and ${held} more like it`, undefined)
    }
  }

  #pass(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const text = formatMessage(message)
    if (this.#limit > 0 && !this.#admit(level, text)) return this.#metrics.count('logLinesDropped')
    this.#write(level, text, fields)
  }

  #admit(level: LogLevel, text: string): boolean {
    this.#window ??= setTimeout(() => this.close(), windowLength).unref()
    let kind = this.#kinds.get(text)
    if (kind === undefined) {
      if (this.#kinds.size === maxKinds) kind = this.#others
      else this.#kinds.set(text, (kind = createKind(level, text)))
    }
    const isAdmitted = kind.passed < this.#limit
    if (isAdmitted) kind.passed++
    else kind.held++
    return isAdmitted
  }

  /** The wall around what writes: a host's log may throw, or reject. */
  #write(level: LogLevel, text: string, fields: LogFields | undefined): void {
    try {
      const written: unknown = this.#sink[level](text, fields)
      if (typeof written === 'object' && written !== null)
        Promise.resolve(written).catch(error => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#metrics.count('logErrors')
    this.#metrics.count('logLinesDropped')
    if (this.#hasFailed || this.#sink === this.#text) return
    this.#hasFailed = true
    this.#text.error('The log that was given as an option fails; the metric logErrors counts how often', {
      error
    })
  }
}

function createKind(level: LogLevel, text: string): Kind {
  return { level, text, passed: 0, held: 0 }
}
