/** The values of plain options: checks them, reads them from texts, and shows them. */
import { fileURLToPath } from 'node:url'
import { maxOptionLength } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { type DurationCheck, flagOf, type OptionRow, type PlainValue, type SizeCheck } from './option-row.js'
import {
  formatDays,
  formatDuration,
  formatSize,
  megabyte,
  parseDuration,
  parseSize,
  sizeUnitNames,
  timeUnitNames
} from './units.js'

/** The words that flags and variables take for true and for false. */
const booleanWords: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  '1': true,
  false: false,
  off: false,
  no: false,
  '0': false
}

/**
 * Returns the value of an option that is a path as a path, if it is a `file:` URL. A text that begins with
 * `file:///`, such as `import.meta.resolve` returns, counts as a URL. Returns any other value as it is.
 *
 * @throws `OPTION_INVALID` for another URL
 */
export function readPath({ name, check }: OptionRow, value: unknown): unknown {
  const isUrl = value instanceof URL || (typeof value === 'string' && value.startsWith('file:///'))
  if (!isUrl || (check.type !== 'folder' && check.type !== 'file')) return value
  try {
    return fileURLToPath(value)
  } catch (error) {
    throw errors.optionInvalid(
      `Expected \`${name}\` to be a path or a file: URL, got ${String(value).slice(0, 80)}: ${(error as Error).message}`
    )
  }
}

/**
 * Returns what a flag or a variable says as a program would give it: a number for digits, a boolean for
 * `true` or `off`. Another text stays as it is, and `checkOption` refuses it where it is wrong.
 */
export function readText({ check }: OptionRow, text: string): unknown {
  switch (check.type) {
    case 'integer':
    case 'duration':
    case 'size':
      return /^-?\d+$/.test(text) ? Number(text) : text
    case 'boolean':
      return Object.hasOwn(booleanWords, text.toLowerCase()) ? booleanWords[text.toLowerCase()] : text
    default:
      return text
  }
}

/**
 * Returns the checked value of an option, or its default if `value` is undefined.
 *
 * @throws `OPTION_INVALID`
 */
export function checkOption(row: OptionRow, value: unknown): PlainValue {
  const { name, check, defaultValue } = row
  if (value === undefined) {
    if (defaultValue === undefined)
      throw errors.optionInvalid(
        `The option \`${name}\` is missing: give the folder of the handler modules, --${flagOf(name)} DIR or in sallyport.config.ts`
      )
    return defaultValue
  }
  const fail = (expected: string) =>
    errors.optionInvalid(`Expected \`${name}\` to be ${expected}, got ${describeGiven(row, value)}`)
  switch (check.type) {
    case 'folder':
      if (typeof value !== 'string' || value === '') throw fail('the path of a folder')
      return value
    case 'text':
      if (typeof value !== 'string' || (value === '' && check.mayBeEmpty !== true))
        throw fail(check.mayBeEmpty === true ? "a text, or '' for none" : 'a text that is not empty')
      if (value.length > maxOptionLength) throw fail(`a text of at most ${maxOptionLength} characters`)
      if (value === check.not) throw fail(`another text than ${value}, which stands for all`)
      return value
    case 'file':
      if (typeof value !== 'string') throw fail("the path of a file, or '' for none")
      return value
    case 'word':
      if (!check.words.includes(value as string)) throw fail(`one of ${check.words.join(', ')}`)
      return value as string
    case 'boolean':
      if (typeof value !== 'boolean') throw fail('true or false')
      return value
    case 'list': {
      const text = Array.isArray(value) && value.every(isEntry) ? value.join(',') : value
      if (typeof text !== 'string' || text === '')
        throw fail('names with commas between them, or an array of such names')
      if (text.length > maxOptionLength) throw fail(`a text of at most ${maxOptionLength} characters`)
      return text
    }
    case 'integer':
      if (check.words?.includes(value as string)) return value as string
      if (!isWithin(value, check))
        throw fail([`a whole number from ${check.least} to ${check.most}`, ...(check.words ?? [])].join(', '))
      return value
    case 'duration': {
      const time = typeof value === 'string' ? parseDuration(value) : value
      if (!isWithin(time, check)) throw fail(describeTime(check))
      return time
    }
    case 'size': {
      const size = typeof value === 'string' ? divide(parseSize(value), check.unit) : value
      if (!isWithin(size, check)) throw fail(describeSize(check))
      return size
    }
  }
}

/** Returns what values an option has, for the reference. */
export function describeValues({ check }: OptionRow): string {
  switch (check.type) {
    case 'word':
      return check.words.map(inCode).join(', ')
    case 'boolean':
      return '`true`, `false`'
    case 'integer':
      return [`${check.least} to ${check.most}`, ...(check.words ?? []).map(inCode)].join(', ')
    case 'duration':
      return check.least === 0 ? 'time' : `time, at least ${formatDuration(check.least)}`
    case 'size': {
      const [least, most] = [check.least, check.most].map(each => formatSize(each * check.unit))
      if (check.most === Number.MAX_SAFE_INTEGER)
        return check.least === 0 ? 'size' : `size, at least ${least}`
      return `size, ${least} to ${most}`
    }
    default:
      return check.type
  }
}

/** Returns the value of an option in the spelling that a person would choose, such as `30s`. */
export function formatValue({ check }: OptionRow, value: PlainValue): string {
  if (check.type === 'duration') return formatDuration(value as number)
  if (check.type === 'size') return formatSize((value as number) * check.unit)
  return String(value)
}

function inCode(word: string): string {
  return `\`${word}\``
}

function isEntry(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes(',')
}

function isWithin(value: unknown, { least, most }: { least: number; most: number }): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/** Returns a size in units, rounded down; undefined if it is less than one, since 0 may have a meaning. */
function divide(size: number | undefined, unit: number): number | undefined {
  if (size === undefined || (size > 0 && size < unit)) return undefined
  return Math.floor(size / unit)
}

function describeTime({ least, most }: DurationCheck): string {
  return `a time such as "10s" (units: ${timeUnitNames}), or a number of milliseconds from ${least} to ${most} (${formatDays(most)})`
}

function describeSize({ least, most, unit }: SizeCheck): string {
  const [example, counted] = unit === megabyte ? ['512MiB', 'megabytes'] : ['64KiB', 'bytes']
  return `a size such as "${example}" (units: ${sizeUnitNames}), or a number of ${counted} from ${least} to ${most}`
}

function describeGiven({ isSecret, check }: OptionRow, value: unknown): string {
  if (check.type === 'list' && Array.isArray(value)) return describeList(value)
  if (isSecret !== true || typeof value !== 'string' || value === '') return describeValue(value)
  return `a text of ${value.length} characters, which is secret`
}

/** Returns what is wrong with an array of names. */
function describeList(values: readonly unknown[]): string {
  const at = values.findIndex(each => !isEntry(each))
  return at === -1 ? 'an empty array' : `an array whose entry ${at} is ${describeValue(values[at])}`
}
