/** Describes a wrong value for a message. */
import { attempt } from './thrown.js'

/**
 * Describes a wrong value for a message: short, on one line, with its type. Never throws, not even if reading
 * the value does.
 */
export function describeValue(value: unknown): string {
  return attempt(() => showValue(value))
}

function showValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') {
    return value === ''
      ? "'' (empty)"
      : `${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)} (string)`
  }
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  // The source of a function may have lines.
  return `${String(value).replace(/\s+/g, ' ').slice(0, 40)} (${typeof value})`
}
