/**
 * Where a line of the log goes, and how its message and its fields become text. The gateway's host may hand in its own
 * logger; workers' lines reach the same one. What is logged may come from anybody: formatting never throws, a value
 * that can't be read costs its own field alone, and no text can pass for a line of its own.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a line carries beside its text. Values are printed as JSON; an Error with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Characters of a line of text at most; what is beyond is cut off, and counted in its place. */
export const maxLineLength = 65_536

/** Bytes that may wait for the reader of a stream of the log, or of what handlers print. What comes beyond is dropped. */
export const maxWaitingBytes = 1_048_576

/** A logger that hands each line, at `level` and above, to one function. */
export function createLogger(
  level: LogLevel | 'silent',
  write: (level: LogLevel, message: string, fields: LogFields | undefined) => void
): Logger {
  const least = level === 'silent' ? logLevels.length : logLevels.indexOf(level)
  const at = (own: LogLevel) =>
    logLevels.indexOf(own) < least
      ? () => {}
      : (message: string, fields?: LogFields) => write(own, message, fields)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** One line of text a call: time, level, message, and the fields as `name=value`. */
export function createTextLogger(
  level: LogLevel | 'silent',
  print: (line: string) => void,
  now: () => number
): Logger {
  return createLogger(level, (own, message, fields) => {
    let line = `${new Date(now()).toISOString()} ${own.toUpperCase().padEnd(5)} ${escapeText(formatMessage(message))}`
    for (const [name, value] of readFields(fields)) line += ` ${printText(name)}=${printField(value)}`
    print(shorten(line, maxLineLength))
  })
}

/** A text of `most` characters at most; what is beyond is cut off, and counted in its place. */
export function shorten(text: string, most: number): string {
  const rest = text.length - most
  return rest > 0 ? `${text.slice(0, most)}… and ${rest} characters more` : text
}

/** A message as text, also where something else was given for it. Never throws. */
export function formatMessage(message: unknown): string {
  return typeof message === 'string' ? message : formatField(message)
}

/**
 * All fields of a line as the text of one JSON object; of two with the same name the later one counts. Never throws: a
 * value that can't be read becomes a text that says why, such as `[threw: …]`, and the other fields stay.
 *
 * @param parts what was given as fields, whatever it is
 */
export function formatFields(...parts: readonly unknown[]): string {
  const texts = new Map<string, string>()
  for (const [name, value] of parts.flatMap(readFields)) {
    if (value === undefined) texts.delete(name)
    else texts.set(name, formatField(value))
  }
  return `{${[...texts].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`
}

/** A value as JSON. What JSON lacks becomes a text: `12n`, `NaN`, `[function f]`, `[circular]`, an error's stack. */
function formatField(value: unknown): string {
  try {
    return JSON.stringify(value, replaceOdd) ?? 'null'
  } catch {
    try {
      return JSON.stringify(value, replaceCircles()) ?? 'null'
    } catch (error) {
      return JSON.stringify(describeUnreadable(error))
    }
  }
}

function replaceOdd(_key: string, value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'symbol':
      return String(value)
    case 'function':
      return `[function ${value.name}]`
    case 'object':
      if (value instanceof Error) return readStack(value)
      if (value instanceof Promise) return '[promise]'
      if (value instanceof Map) return `[Map of ${value.size}]`
      if (value instanceof Set) return `[Set of ${value.size}]`
      return value
    default:
      return value
  }
}

/** As `replaceOdd`, and puts `[circular]` where a value is inside of itself. For one call of `JSON.stringify`. */
function replaceCircles(): (this: unknown, key: string, value: unknown) => unknown {
  const around: unknown[] = []
  return function (key, value) {
    const shown = replaceOdd(key, value)
    if (typeof shown !== 'object' || shown === null) return shown
    while (around.length > 0 && around.at(-1) !== this) around.pop()
    if (around.includes(shown)) return '[circular]'
    around.push(shown)
    return shown
  }
}

function readStack(error: Error): string {
  return typeof error.stack === 'string' ? error.stack : String(error.message)
}

/** Of what a value threw while it was read: may be anything, and may throw again. */
function describeUnreadable(thrown: unknown): string {
  try {
    return `[threw: ${thrown instanceof Error ? thrown.message : String(thrown)}]`
  } catch {
    return '[threw]'
  }
}

/** Names and values of what was given as fields. Reads each by itself: one getter that throws costs one field. */
function readFields(fields: unknown): [name: string, value: unknown][] {
  try {
    if (fields === undefined || fields === null) return []
    if (fields instanceof Error) return [['error', fields]]
    if (typeof fields !== 'object' || Array.isArray(fields)) return [['fields', fields]]
    return Object.keys(fields).map(name => [name, readValue(fields, name)])
  } catch (error) {
    return [['fields', describeUnreadable(error)]]
  }
}

function readValue(fields: object, name: string): unknown {
  try {
    return (fields as LogFields)[name]
  } catch (error) {
    return describeUnreadable(error)
  }
}

function printField(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (typeof value === 'string') return printText(value)
  const text = formatField(value)
  // What has become a text is printed as one.
  return text.startsWith('"') ? printText(JSON.parse(text)) : escapeText(text)
}

/** A text as it is, if it is one word; a stack in its lines; anything else in quotes. */
function printText(text: string): string {
  if (/^[\w.:/-]+$/.test(text)) return text
  return /\n {4}at /.test(text) ? printLines(text) : escapeText(JSON.stringify(text))
}

/** Several lines, indented: none of them begins as a line of the log does. */
function printLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n    ')
}

/**
 * What a terminal or a reader takes for more than a character: controls (line breaks and the start of each ANSI
 * sequence among them), Unicode's line breaks, and marks that turn the direction of text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeText(text: string): string {
  return text.replace(
    unsafe,
    char => shortEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
