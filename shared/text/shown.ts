/** Shows a value of unknown type on one line of the log. */
import { inspect } from 'node:util'
import { printable } from './printable.js'

/** Maximum characters that are shown. */
const longest = 200

/** Returns a value on one line, shortened, with control characters escaped. Runs no code of the value. */
export function showValue(value: unknown): string {
  const options = { depth: 2, maxArrayLength: 10, maxStringLength: longest, customInspect: false }
  const text = inspect(value, { ...options, breakLength: Number.POSITIVE_INFINITY })
  const line = printable(text.slice(0, longest))
  return text.length > longest ? `${line}…` : line
}
