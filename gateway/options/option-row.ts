/**
 * A row of the table of options: what its values are, how they are checked, and its names outside of a
 * program.
 */
import { describeValue, maxOptionLength } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { PlainOptions } from './plain-options.js'

export type Check =
  | { readonly type: 'text' }
  | { readonly type: 'file' }
  | { readonly type: 'integer'; readonly least: number; readonly most: number }
  | { readonly type: 'word'; readonly words: readonly string[] }

export interface OptionRow {
  readonly name: keyof PlainOptions
  readonly check: Check
  /** The default; undefined: there is none, and the option must be given. */
  readonly standard: string | number | undefined
  /** What `--help` and the documents say. */
  readonly help: string
}

/** `handlers` → `handlers`, `frontendId` → `frontend-id`: the option's name on the command line. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `frontendId` → `SALLYPORT_FRONTEND_ID`: the option's name in the environment. */
export function variableOf(name: string): string {
  return `SALLYPORT_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}

/**
 * An option's value, checked; its default where there is none.
 *
 * @throws `OPTION_INVALID`
 */
export function checkOption({ name, check, standard }: OptionRow, value: unknown): string | number {
  if (value === undefined) {
    if (standard === undefined)
      throw errors.optionInvalid(
        `The option \`${name}\` is missing: give the folder of the handler modules, --${flagOf(name)} DIR`
      )
    return standard
  }
  const fail = (expected: string) =>
    errors.optionInvalid(`Expected \`${name}\` to be ${expected}, got ${describeValue(value)}`)
  switch (check.type) {
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
      if (!Number.isInteger(value) || (value as number) < check.least || (value as number) > check.most) {
        throw fail(`a whole number from ${check.least} to ${check.most}`)
      }
      return value as number
  }
}
