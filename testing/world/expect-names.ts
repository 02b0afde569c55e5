/**
 * Refuses unknown names in what a test gives. A hook under a wrong name would never run, and its test would
 * pass.
 */

import { errors } from '../../shared/errors.js'
import { describeValue } from '../../shared/text/described.js'
import { suggestOrList } from '../../shared/text/nearest.js'

/** @throws `OPTION_INVALID` */
export function expectNames(what: string, given: object, names: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw errors.optionInvalid(`Expected ${what} to be given an object, got ${describeValue(given)}`)
  for (const name of Object.keys(given))
    if (!names.includes(name))
      throw errors.optionInvalid(`${what} has no \`${name}\`: ${suggestOrList(name, names, 'names')}`)
}
