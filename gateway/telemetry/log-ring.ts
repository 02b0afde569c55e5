/**
 * The last lines of the log, in memory: as many as fit into a fixed number of lines and of bytes.
 *
 * Filled by the log door with each line that it lets through. The console reads it.
 */
import { shorten } from '../../shared/text/field-text.js'
import { isLogged, type LogFields, type LogLevel, readFields } from '../../shared/text/log.js'
import { escapeText } from '../../shared/text/text-line.js'

/** Maximum characters of a message, of all fields of a line as JSON, and of one field that does not fit. */
const longestMessage = 2_048
const longestFields = 8_192
const longestCut = 2_048

/** Bytes that a line, or a field, takes beside its characters. An estimate. */
const overhead = 128

/** A line of the log, as text for people. */
export interface RingLine {
  /** Number of the line, ascending from 1. */
  readonly n: number
  /** When it was logged, in milliseconds since 1970. */
  readonly at: number
  readonly level: LogLevel
  readonly message: string
  /** The fields: texts as they are, other values as JSON. Control characters are escaped. */
  readonly fields: Readonly<Record<string, string>>
}

export interface RingQuery {
  /** `last` of the page before. Default: the newest lines are read. */
  readonly after?: number | undefined
  /** The lowest level. Default: `trace`. */
  readonly level?: LogLevel | undefined
  /** Text that the message, or a field as `name=value`, contains, in small or capital letters. */
  readonly text?: string | undefined
  /** Maximum number of lines. Default: 200. */
  readonly limit?: number | undefined
}

export interface RingPage {
  /** Oldest first. */
  readonly lines: readonly RingLine[]
  /** What to ask for next as `after`: the number of the last line that was looked at; 0: there is none. */
  readonly last: number
  /** Number of lines after `after` that are forgotten by now. */
  readonly missed: number
}

export class LogRing {
  readonly #maxLines: number
  readonly #maxBytes: number
  readonly #now: () => number
  /** Lines by their numbers, oldest first. */
  readonly #lines = new Map<number, RingLine>()
  #bytes = 0
  #last = 0

  /** Creates an empty ring. */
  constructor(now: () => number, { maxLines = 1_000, maxBytes = 1_048_576 } = {}) {
    this.#now = now
    this.#maxLines = maxLines
    this.#maxBytes = maxBytes
  }

  /** Number of lines. */
  get size(): number {
    return this.#lines.size
  }

  /** Bytes of all lines, by an estimate. At most `maxBytes`. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a line, and forgets the oldest ones if there is no room for it. Never throws. */
  add(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const given = readFields(fields, undefined, longestFields, longestCut)
    const texts: Record<string, string> = Object.create(null)
    for (const [name, value] of Object.entries(given)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      texts[escapeText(name)] = escapeLines(text)
    }
    const line: RingLine = {
      n: ++this.#last,
      at: this.#now(),
      level,
      message: escapeText(shorten(message, longestMessage)),
      fields: texts
    }
    this.#lines.set(line.n, line)
    this.#bytes += sizeOf(line)
    while (this.size > this.#maxLines || this.#bytes > this.#maxBytes) this.#forget()
  }

  /**
   * Returns the lines after `after` that match, the oldest of them first, so that a reader who asks again
   * with `last` misses none. Without `after`: the newest lines.
   */
  read({ after, level = 'trace', text = '', limit = 200 }: RingQuery = {}): RingPage {
    const wanted = text.toLowerCase()
    const matches = (line: RingLine) =>
      isLogged(line.level, level) && (wanted === '' || textOf(line).includes(wanted))
    const lines: RingLine[] = []
    const oldest = this.#oldest
    if (after === undefined) {
      for (let n = this.#last; n >= oldest && lines.length < limit; n--) {
        const line = this.#lines.get(n)!
        if (matches(line)) lines.push(line)
      }
      return { lines: lines.reverse(), last: this.#last, missed: 0 }
    }
    // A number of another gateway's life may be greater than all of these.
    const from = after > this.#last ? oldest : Math.max(after + 1, oldest)
    let last = from - 1
    for (let n = from; n <= this.#last && lines.length < limit; n++) {
      const line = this.#lines.get(n)!
      if (matches(line)) lines.push(line)
      last = n
    }
    return { lines, last, missed: after > this.#last ? 0 : from - (after + 1) }
  }

  get #oldest(): number {
    return this.#last - this.size + 1
  }

  #forget(): void {
    const oldest = this.#oldest
    this.#bytes -= sizeOf(this.#lines.get(oldest)!)
    this.#lines.delete(oldest)
  }
}

function sizeOf({ message, fields }: RingLine): number {
  let bytes = overhead + 2 * message.length
  for (const [name, text] of Object.entries(fields)) bytes += overhead + 2 * (name.length + text.length)
  return bytes
}

function textOf({ message, fields }: RingLine): string {
  const texts = Object.entries(fields).map(([name, text]) => `${name}=${text}`)
  return [message, ...texts].join('\n').toLowerCase()
}

/** Escapes a text and keeps its line breaks, for stacks. */
function escapeLines(text: string): string {
  return text.includes('\n') ? text.split('\n').map(escapeText).join('\n') : escapeText(text)
}
