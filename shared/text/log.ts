/**
 * The log: its interface, its levels, and how a message and its fields become text.
 * The gateway's host may pass its own logger, which receives the workers' lines too. Logged values may come
 * from clients. So formatting never throws, an unreadable value spoils only its own field, and no text can
 * look like a line of its own.
 */
import { describeUnreadable, FieldWriter, shorten } from './field-text.js'
import { maxLineLength, TextLine } from './text-line.js'

/** Severity of a log line. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** Named values of a log line. They are printed as JSON; an Error with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

/** Receives log lines, each with a message and optional fields. */
export interface Logger {
  /** Receives the lines of the level `trace`. A logger without it gets these lines by `debug`. */
  trace?(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** A logger with a method for each level. */
export type FullLogger = Required<Logger>

/** The levels, from the lowest to the highest. */
export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']

/** Returns whether lines of a level are logged if `least` is the lowest level. */
export function isLogged(level: LogLevel, least: LogLevel | 'silent'): boolean {
  return least !== 'silent' && logLevels.indexOf(level) >= logLevels.indexOf(least)
}

/** Maximum bytes that wait for the reader of a log stream or of handlers' output. More is dropped. */
export const maxWaitingBytes = 1_048_576

/** Creates a logger that passes each line of `level` or above to one function. */
export function createLogger(
  level: LogLevel | 'silent',
  write: (level: LogLevel, message: string, fields: LogFields | undefined) => void
): FullLogger {
  const at = (own: LogLevel) =>
    isLogged(own, level) ? (message: string, fields?: LogFields) => write(own, message, fields) : () => {}
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Creates a logger that prints lines of text: time, level, message, and the fields as `name=value`. */
export function createTextLogger(
  level: LogLevel | 'silent',
  print: (line: string) => void,
  now: () => number
): FullLogger {
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

/** Returns a message as text, whatever its type. Never throws. */
export function formatMessage(message: unknown): string {
  return typeof message === 'string'
    ? message
    : new FieldWriter().write(message, maxLineLength, maxLineLength)
}

/** Maximum characters of all fields of a line as JSON, and of one field that does not fit. */
const longestFields = 49_152
const longestCut = 4_096

/** Maximum characters of a field's name. */
const longestName = 256

/** Names of the fields by which a line tells its request. */
const requestNames = ['route', 'requestId', 'sid', 'uid', 'trace_id', 'span_id'] as const

/** Field names that are reserved for the gateway, even in a line in which it uses none of them. */
const ownNames: ReadonlySet<string> = new Set([...requestNames, 'worker'])

/** The fields by which a line tells its request, as far as they are known. */
export type RequestFields = { readonly [Name in (typeof requestNames)[number]]?: string | number | undefined }

/**
 * Returns all fields of a line as the text of one JSON object. Never throws, and its cost is bounded for any
 * value. An unreadable value becomes a text that says why, such as `[threw: …]`, and the other fields stay.
 * Fields that do not fit are cut. Fields that do not fit even then are left out, and the text says how many.
 *
 * @param fields the given fields, of any type; a field with a reserved name becomes `fields.NAME`
 * @param own the gateway's own fields
 */
export function formatFields(fields: unknown, own: LogFields = {}): string {
  return formatGiven(fields, own, ownNames, longestFields, longestCut)
}

/**
 * Returns all fields of a line as plain data, in a form that JSON has. Never throws, and its cost and its
 * size are bounded as those of `formatFields`.
 *
 * @param reserved names that no field may have: such a field becomes `fields.NAME`
 * @param most characters of all fields as JSON
 * @param cut characters of a field that does not fit
 */
export function readFields(
  fields: unknown,
  reserved: ReadonlySet<string> = new Set(),
  most = longestFields,
  cut = longestCut
): Record<string, unknown> {
  return fields === undefined ? {} : JSON.parse(formatGiven(fields, {}, reserved, most, cut))
}

function formatGiven(
  fields: unknown,
  own: LogFields,
  reserved: ReadonlySet<string>,
  most: number,
  cut: number
): string {
  const writer = new FieldWriter()
  const members: string[] = []
  let room = most
  const add = (name: string, value: unknown): boolean => {
    if (value === undefined) return true
    const start = `${JSON.stringify(shorten(name, longestName))}:`
    const member = start + writer.write(value, room - start.length, cut)
    if (member.length > room) return false
    members.push(member)
    room -= member.length + 1
    return true
  }
  for (const [name, value] of Object.entries(own)) add(name, value)
  const { names, read, left } = openFields(fields, writer)
  let leftOut = left
  for (const name of names) {
    const isOurs = reserved.has(name) || Object.hasOwn(own, name)
    if (!add(isOurs ? `fields.${name}` : name, read(name))) leftOut++
  }
  if (leftOut > 0) members.push(`"fieldsLeftOut":${leftOut}`)
  return `{${members.join(',')}}`
}

/** A session, as far as lines of the log name it. */
export interface NamedSession {
  readonly sid: number
  readonly uid: string | null
}

/** Returns the fields that name a session in lines of the log. */
export function nameSession({ sid, uid }: NamedSession): RequestFields {
  return uid === null ? { sid } : { sid, uid }
}

/** The given fields of a line. A getter that throws spoils only its own field. */
interface GivenFields {
  readonly names: readonly string[]
  readonly read: (name: string) => unknown
  /** Number of further fields that exceed the line's budget. */
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
