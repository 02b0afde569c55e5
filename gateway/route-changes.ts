/** The difference between the routes before a reload and those after it, as fields of the log. */

import { listNames } from '../shared/text/listed.js'
import type { LogFields } from '../shared/text/log.js'

/** A route that clients may request. */
export interface OfferedRoute {
  readonly route: string
  /** The file that offers it, relative to the handlers' folder. */
  readonly file: string
}

/**
 * Returns the number of routes, the `new` ones and those that are `gone`. Fields of neither are left out. A
 * route whose file has changed is neither.
 */
export function describeRoutes(before: readonly OfferedRoute[], after: readonly OfferedRoute[]): LogFields {
  const came = subtract(after, before)
  const went = subtract(before, after)
  return {
    routes: after.length,
    ...(came.length > 0 && { new: listNames(came) }),
    ...(went.length > 0 && { gone: listNames(went) })
  }
}

function subtract(routes: readonly OfferedRoute[], others: readonly OfferedRoute[]): string[] {
  const known = new Set(others.map(({ route }) => route))
  return routes.map(({ route }) => route).filter(route => !known.has(route))
}
