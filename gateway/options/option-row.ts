/** A row of the option table: its values, and its names as a flag and a variable. */
import { longestTimer } from '../../shared/with-timeout.js'
import type { PlainOptions } from './plain-options.js'
import { megabyte } from './units.js'

export interface IntegerCheck {
  readonly type: 'integer'
  readonly least: number
  readonly most: number
  /** Words that may stand in place of a number. */
  readonly words?: readonly string[]
}

/** A time, in milliseconds once it is resolved. */
export interface DurationCheck {
  readonly type: 'duration'
  readonly least: number
  readonly most: number
}

/** A size, in `unit`s once it is resolved. */
export interface SizeCheck {
  readonly type: 'size'
  readonly least: number
  readonly most: number
  /** The number of bytes in what a plain number counts: 1 for bytes. */
  readonly unit: number
}

/** Names with commas between them, or an array of names; one text once it is resolved. */
export interface ListCheck {
  readonly type: 'list'
}

export type Check =
  /** A text; '' only with `mayBeEmpty`, where it means none. `not`: a text that has a meaning of its own. */
  | { readonly type: 'text'; readonly mayBeEmpty?: true; readonly not?: string }
  | { readonly type: 'file' | 'folder' }
  | { readonly type: 'boolean' }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | IntegerCheck
  | DurationCheck
  | SizeCheck
  | ListCheck

/** The value of a plain option, once it is checked. */
export type PlainValue = string | number | boolean

export interface OptionRow {
  readonly name: keyof PlainOptions
  readonly check: Check
  /** Undefined if there is no default, so that the option must be given. */
  readonly defaultValue: PlainValue | undefined
  /** The text in `--help` and in the reference. */
  readonly help: string
  /** Whether no output may show the value: neither `sallyport config` nor an error. */
  readonly isSecret?: true
}

/** Returns the check of a time: a number of milliseconds, or a text such as `10s`. */
export function ms(least: number): DurationCheck {
  return { type: 'duration', least, most: longestTimer }
}

/** Returns the check of a size: a number of bytes, or a text such as `64KiB`. */
export function bytes(least: number, most: number = Number.MAX_SAFE_INTEGER): SizeCheck {
  return { type: 'size', least, most, unit: 1 }
}

/** Returns the check of a size that a number gives in megabytes. A text has its unit, such as `512MiB`. */
export function megabytes(least: number, most: number): SizeCheck {
  return { type: 'size', least, most, unit: megabyte }
}

/** Returns the check of a whole number. `words` may stand in place of a number. */
export function count(least: number, most: number, words?: readonly string[]): IntegerCheck {
  return { type: 'integer', least, most, ...(words !== undefined && { words }) }
}

/** Returns the option's name on the command line: `frontendId` → `frontend-id`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** Returns the option's name in the environment: `frontendId` → `SALLYPORT_FRONTEND_ID`. */
export function variableOf(name: string): string {
  return `SALLYPORT_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}
