/**
 * The log as JSON: one object for each line, written by pino. The only file that imports the package.
 *
 * pino gets plain data only. Whatever the given fields are, `readFields` has made them safe and short before.
 */
import { pino } from 'pino'
import { shorten } from '../../shared/text/field-text.js'
import {
  createLogger,
  type FullLogger,
  formatMessage,
  type LogFields,
  type LogLevel,
  readFields
} from '../../shared/text/log.js'
import { escapeText, maxLineLength } from '../../shared/text/text-line.js'

/** Names that the line itself has. A field of such a name becomes `fields.NAME`. */
const lineNames: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

/** Maximum characters of a message, and of all fields as JSON. */
const longest = { message: 16_384, fields: 49_152, cut: 4_096 }

/** The same for a line that would be too long. Each character may become six, as in `\u0000`. */
const shortened = { message: 2_048, fields: 8_192, cut: 1_024 }

/** Creates a logger that prints lines of JSON. No line is longer than `maxLineLength`. */
export function createJsonLogger(
  level: LogLevel | 'silent',
  print: (line: string) => void,
  now: () => number
): FullLogger {
  let line = ''
  const log = pino(
    {
      level: 'trace',
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: label => ({ level: label }) }
    },
    { write: text => (line = escapeText(text.trimEnd())) }
  )
  const write = (own: LogLevel, message: string, fields: LogFields | undefined, most: typeof longest) =>
    log[own](readFields(fields, lineNames, most.fields, most.cut), shorten(message, most.message))
  return createLogger(level, (own, message, fields) => {
    const text = formatMessage(message)
    write(own, text, fields, longest)
    if (line.length > maxLineLength) write(own, text, fields, shortened)
    print(line)
  })
}
