/** Where a line of the log goes. The gateway's host may hand in its own; workers' lines reach the same one. */

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
    let line = `${new Date(now()).toISOString()} ${own.toUpperCase().padEnd(5)} ${message}`
    for (const [name, value] of Object.entries(fields ?? {})) line += ` ${name}=${formatField(value)}`
    print(line)
  })
}

function formatField(value: unknown): string {
  if (value instanceof Error) return formatLines(value.stack ?? value.message)
  if (typeof value === 'string') {
    return /^[\w.:/-]+$/.test(value)
      ? value
      : value.includes('\n')
        ? formatLines(value)
        : JSON.stringify(value)
  }
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

/** Several lines, indented: a text that somebody else chose can't look like a line of the log. */
function formatLines(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f]/g, ' ').replaceAll('\n', '\n    ')
}
