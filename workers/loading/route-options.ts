/**
 * Reads the route options that a handler or a folder declares.
 * What each of them means is documented in shared/link/route-options.ts.
 */

import { errors } from '../../shared/errors.js'
import type { RouteOptions } from '../../shared/link/route-options.js'
import { describeValue } from '../../shared/text/described.js'
import { suggest } from '../../shared/text/nearest.js'
import type { Module } from './modules.js'

/** The check of each route option, and the text that names its valid values in the error. */
const routeOptions: Readonly<
  Record<keyof RouteOptions, { readonly expected: string; isValid(value: unknown): boolean }>
> = {
  concurrent: { expected: 'true or false', isValid: value => typeof value === 'boolean' },
  affinity: {
    expected: "'uid' or a key of the settings",
    isValid: value => typeof value === 'string' && value !== ''
  },
  timeout: {
    expected: 'a whole number of milliseconds, 0 for none',
    isValid: value => Number.isInteger(value) && (value as number) >= 0
  },
  rateLimit: {
    expected: 'a number of requests a second, above 0',
    isValid: value => typeof value === 'number' && value > 0 && Number.isFinite(value)
  }
}

/**
 * Returns the options among `from`. `where` names their place in an error.
 *
 * @throws `HANDLERS_INVALID` for an unknown option or an invalid value
 */
export function pickOptions(from: Module | RouteOptions, where: string): RouteOptions {
  const given = from as Module
  const names = Object.keys(routeOptions)
  const unknown = Object.keys(given).find(name => !Object.hasOwn(routeOptions, name))
  if (unknown !== undefined) {
    throw errors.handlersInvalid(
      `There is no option \`${unknown}\` (${where}); ${suggest(unknown, names)}the options are ${names.join(', ')}`
    )
  }
  const picked: Record<string, unknown> = {}
  for (const [name, { expected, isValid }] of Object.entries(routeOptions)) {
    const value = given[name]
    if (value === undefined) continue
    if (!isValid(value)) {
      throw errors.handlersInvalid(
        `Expected \`${name}\` of ${where} to be ${expected}, got ${describeValue(value)}`
      )
    }
    picked[name] = value
  }
  return picked
}
