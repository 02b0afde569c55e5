/** Shows a value of unknown type on one line of the log. */
import { inspect } from 'node:util'

/** Maximum characters that are shown. */
const longest = 200

/** Returns a value on one line, shortened, with control characters escaped. Runs no code of the value. */
export function showValue(value: unknown): string {
  const options = { depth: 2, maxArrayLength: 10, maxStringLength: longest, customInspect: false }
  const text = inspect(value, { ...options, breakLength: Number.POSITIVE_INFINITY })
  const line = text.slice(0, longest).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, escapeCharacter)
  return text.length > longest ? `${line}…` : line
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
