/** A row of the option table: its values, their check, and its names as a flag and a variable. */
import { fileURLToPath } from 'node:url'
import { describeValue, maxOptionLength } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { PlainOptions } from './plain-options.js'

export type Check =
  | { readonly type: 'text' }
  | { readonly type: 'file' | 'folder' }
  | {
      readonly type: 'integer'
      readonly least: number
      readonly most: number
      /** Words that may stand in place of a number. */
      readonly words?: readonly string[]
    }
  | { readonly type: 'word'; readonly words: readonly string[] }

export interface OptionRow {
  readonly name: keyof PlainOptions
  readonly check: Check
  /** Undefined if there is no default, so that the option must be given. */
  readonly defaultValue: string | number | undefined
  /** The text in `--help` and in the reference. */
  readonly help: string
}

/** Returns the check of a time in milliseconds: at most the longest that Node's timers accept. */
export function ms(least: number): Check {
  return { type: 'integer', least, most: 2_147_483_647 }
}

/** Returns the check of a whole number. `words` may stand in place of a number. */
export function count(least: number, most: number, words?: readonly string[]): Check {
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
 * Returns the checked value of an option, or its default if `value` is undefined.
 *
 * @throws `OPTION_INVALID`
 */
export function checkOption({ name, check, defaultValue }: OptionRow, value: unknown): string | number {
  if (value === undefined) {
    if (defaultValue === undefined)
      throw errors.optionInvalid(
        `The option \`${name}\` is missing: give the folder of the handler modules, --${flagOf(name)} DIR`
      )
    return defaultValue
  }
  const fail = (expected: string) =>
    errors.optionInvalid(`Expected \`${name}\` to be ${expected}, got ${describeValue(value)}`)
  switch (check.type) {
    case 'folder':
      if (typeof value !== 'string' || value === '') throw fail('the path of a folder')
      return value
    case 'text':
      if (typeof value !== 'string' || value === '') throw fail('a text that is not empty')
      if (value.length > maxOptionLength) throw fail(`a text of at most ${maxOptionLength} characters`)
      return value
    case 'file':
      if (typeof value !== 'string') throw fail("the path of a file, or '' for none")
      return value
    case 'word':
      if (!check.words.includes(value as string)) throw fail(`one of ${check.words.join(', ')}`)
      return value as string
    case 'integer':
      if (check.words?.includes(value as string)) return value as string
      if (!Number.isInteger(value) || (value as number) < check.least || (value as number) > check.most) {
        const words = check.words === undefined ? '' : `, ${check.words.join(', ')}`
        throw fail(`a whole number from ${check.least} to ${check.most}${words}`)
      }
      return value as number
  }
}
