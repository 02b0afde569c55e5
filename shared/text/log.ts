/**
 * Where a line of the log goes, and how its message and its fields become text. The gateway's host may hand in its own
 * logger; workers' lines reach the same one. What is logged may come from anybody: formatting never throws, a value
 * that can't be read costs its own field alone, and no text can pass for a line of its own.
 */
import { describeUnreadable, FieldWriter, shorten } from './field-text.js'
import { maxLineLength, TextLine } from './text-line.js'

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
    const writer = new FieldWriter()
    const line = new TextLine(`${new Date(now()).toISOString()} ${own.toUpperCase().padEnd(5)}`)
    line.addMessage(formatMessage(message))
    const { names, read, left } = openFields(fields, writer)
    for (const name of names) {
      if (line.isFull) line.leaveOut(1)
      else line.addField(name, read(name), writer)
    }
    line.leaveOut(left)
    print(line.end())
  })
}

/** A message as text, also where something else was given for it. Never throws. */
export function formatMessage(message: unknown): string {
  return typeof message === 'string'
    ? message
    : new FieldWriter().write(message, maxLineLength, maxLineLength)
}

/** Characters of all fields of a line as JSON, at most, and of one that there is no room for. */
const longestFields = 49_152
const longestCut = 4_096

/** Characters of the name of a field, at most. */
const longestName = 256

/** Names by which the gateway says whose line it is, also where a line has none of them. */
const ownNames = new Set(['route', 'requestId', 'worker'])

/**
 * All fields of a line as the text of one JSON object. Never throws, and costs little, whatever was given: a value that
 * can't be read becomes a text that says why, such as `[threw: …]`, and the other fields stay. Where all are too much,
 * those that there is no room for are cut; what does not fit then is counted.
 *
 * @param fields what was given as fields, whatever it is; one of the gateway's own names is kept as `fields.NAME`
 * @param own what the gateway itself says
 */
export function formatFields(fields: unknown, own: LogFields = {}): string {
  const writer = new FieldWriter()
  const members: string[] = []
  let room = longestFields
  const add = (name: string, value: unknown): boolean => {
    if (value === undefined) return true
    const start = `${JSON.stringify(shorten(name, longestName))}:`
    const member = start + writer.write(value, room - start.length, longestCut)
    if (member.length > room) return false
    members.push(member)
    room -= member.length + 1
    return true
  }
  for (const [name, value] of Object.entries(own)) add(name, value)
  const { names, read, left } = openFields(fields, writer)
  let leftOut = left
  for (const name of names) {
    const isOurs = ownNames.has(name) || Object.hasOwn(own, name)
    if (!add(isOurs ? `fields.${name}` : name, read(name))) leftOut++
  }
  if (leftOut > 0) members.push(`"fieldsLeftOut":${leftOut}`)
  return `{${members.join(',')}}`
}

/** What was given as the fields of a line: a getter that throws costs its own field. */
interface GivenFields {
  readonly names: readonly string[]
  readonly read: (name: string) => unknown
  /** Further ones, that the line's budget has no place for. */
  readonly left: number
}

function openFields(fields: unknown, writer: FieldWriter): GivenFields {
  try {
    if (fields === undefined || fields === null) return { names: [], read: () => undefined, left: 0 }
    if (fields instanceof Error) return oneField('error', fields)
    if (typeof fields !== 'object' || Array.isArray(fields) || ArrayBuffer.isView(fields))
      return oneField('fields', fields)
    const names = Object.keys(fields)
    const count = writer.spend(names.length)
    const read = (name: string) => readValue(fields, name)
    return { names: names.slice(0, count), read, left: names.length - count }
  } catch (error) {
    return oneField('fields', describeUnreadable(error))
  }
}

function oneField(name: string, value: unknown): GivenFields {
  return { names: [name], read: () => value, left: 0 }
}

function readValue(fields: object, name: string): unknown {
  try {
    return (fields as LogFields)[name]
  } catch (error) {
    return describeUnreadable(error)
  }
}
