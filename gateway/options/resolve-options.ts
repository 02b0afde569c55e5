/** The check of a gateway's options, which finds all faults at once, and their defaults. */
import { resolve } from 'node:path'
import { monotonicClock, wallClock } from '../../shared/clock.js'
import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { logLevels } from '../../shared/text/log.js'
import { suggestOrList } from '../../shared/text/nearest.js'
import { LogDoor } from '../telemetry/log-door.js'
import { Metrics } from '../telemetry/metrics.js'
import { contentChecks } from './content-checks.js'
import type { PlainValue } from './option-row.js'
import { optionTable } from './option-table.js'
import { checkOption, readPath } from './option-value.js'
import { acceptAll, type OptionTree, type ResolvedOptions } from './options.js'
import type { PlainOptions, StartPage } from './plain-options.js'

/** What is wrong with one option. */
export interface OptionFault {
  /** The option's name, or what was given as such. */
  readonly option: string
  /** One sentence that names the option, the expected value and the given one. */
  readonly message: string
}

type Given = Readonly<Record<string, unknown>>

/** Returns what is wrong with a value; undefined if nothing is, or if there is no value. */
type ProgramCheck = (value: unknown) => string | undefined

const isFunction: ProgramCheck = value => (typeof value === 'function' ? undefined : 'a function')

/** The options that only a program or a configuration file can give, and what each has to be. */
const programOptions: Readonly<Record<string, ProgramCheck>> = {
  log: value =>
    logLevels.slice(1).every(level => typeof (value as Given | null)?.[level] === 'function')
      ? undefined
      : `a logger with ${logLevels.slice(1).join(', ')}`,
  onHandshake: isFunction,
  authenticate: isFunction,
  onHttpRequest: isFunction,
  onStart: isFunction,
  onStop: isFunction,
  now: isFunction,
  monotonic: isFunction,
  workerArgv: value =>
    Array.isArray(value) && value.every(each => typeof each === 'string') ? undefined : 'a list of texts'
}

/** Names of the options that only a program or a configuration file can give. */
export const programOptionNames: readonly string[] = Object.keys(programOptions)

/** Names of all options. */
export const optionNames: readonly string[] = [...optionTable.map(({ name }) => name), ...programOptionNames]

/** The outcome of a check: all faults, and the values of the plain options that have none. */
export interface CheckedOptions {
  readonly faults: readonly OptionFault[]
  readonly plain: Readonly<Partial<PlainOptions>>
}

/**
 * Returns the options of a gateway as they are.
 *
 * @throws `OPTION_INVALID` for anything but an object
 */
export function expectOptions<Options extends object>(asked: Options): Options {
  if (typeof asked === 'object' && asked !== null && !Array.isArray(asked)) return asked
  throw errors.optionInvalid(`Expected an object of options, got ${describeValue(asked)}`)
}

/** Checks options, and finds all faults. */
export function checkOptions(asked: Given): CheckedOptions {
  const faults: OptionFault[] = []
  const note = (option: string, message: string) => faults.push({ option, message })
  const known = new Set(optionNames)
  for (const name of Object.keys(asked)) {
    if (!known.has(name))
      note(name, `There is no option \`${name}\`; ${suggestOrList(name, optionNames, 'options')}`)
  }
  const plain: Record<string, PlainValue> = {}
  for (const row of optionTable) {
    try {
      plain[row.name] = checkOption(row, readPath(row, asked[row.name]))
    } catch (error) {
      note(row.name, (error as Error).message)
    }
  }
  for (const [name, check] of Object.entries(programOptions)) {
    const value = asked[name]
    const expected = value === undefined ? undefined : check(value)
    if (expected !== undefined)
      note(name, `Expected \`${name}\` to be ${expected}, got ${describeValue(value)}`)
  }
  for (const { of, check } of contentChecks) {
    if (of.some(each => plain[each] === undefined)) continue
    try {
      check(plain as unknown as PlainOptions)
    } catch (error) {
      note(of[0], (error as Error).message)
    }
  }
  return { faults, plain }
}

/**
 * Checks the options and fills in the defaults.
 *
 * @internal
 * @param metrics counts lines of the log that are lost
 * @throws `OPTION_INVALID`, with a line for each fault: the option, the expected value and the given one
 */
export function resolveOptions(asked: OptionTree, metrics = new Metrics()): ResolvedOptions {
  const { faults, plain } = checkOptions(expectOptions(asked) as Given)
  if (faults.length > 0) throw errors.optionInvalid(faults.map(({ message }) => message).join('\n'))
  const options = plain as PlainOptions
  const { log, onHandshake, authenticate, onHttpRequest, onStart, onStop, workerArgv } = asked
  const { now = wallClock, monotonic = monotonicClock } = asked
  const isProduction = process.env['NODE_ENV'] === 'production'
  const logFormat = resolveLogFormat(options.logFormat, isProduction)
  return Object.freeze({
    ...options,
    isProduction,
    handlers: resolve(options.handlers),
    startPage: onHttpRequest === undefined ? resolveStartPage(options.startPage, isProduction) : 'off',
    logFormat,
    log: new LogDoor({ ...options, logFormat, log, stream: process.stderr, metrics, now }),
    onHandshake: onHandshake ?? acceptAll,
    authenticate,
    onHttpRequest,
    onStart,
    onStop,
    now,
    monotonic,
    workerArgv
  })
}

function resolveLogFormat(asked: PlainOptions['logFormat'], isProduction: boolean): 'json' | 'text' {
  if (asked !== 'auto') return asked
  return isProduction && !process.stderr.isTTY ? 'json' : 'text'
}

function resolveStartPage(asked: StartPage, isProduction: boolean): 'on' | 'off' {
  if (asked !== 'auto') return asked
  return isProduction ? 'off' : 'on'
}
