/** Checks of what comes in, with one form of message: what was expected, what came. */
import { errors } from './errors.js'

/** Bytes that a uid, and a key of a session's settings, may take at most as UTF-8. */
export const maxNameBytes = 256

/** How a wrong value is shown in a message: short, on one line, with its type. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') {
    return value === ''
      ? "'' (empty)"
      : `${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)} (string)`
  }
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  return `${String(value).slice(0, 40)} (${typeof value})`
}

function exceedsNameBytes(text: string): boolean {
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so most names need no count.
  return text.length * 3 > maxNameBytes && new TextEncoder().encode(text).length > maxNameBytes
}

/** Gives the uid back, or throws `UID_INVALID`. */
export function expectUid(uid: unknown): string {
  if (typeof uid !== 'string' || uid === '') throw errors.uidInvalid(describeValue(uid))
  if (exceedsNameBytes(uid)) throw errors.uidInvalid('one that is longer')
  return uid
}

/** Gives the key back, or throws `KEY_INVALID`. The empty string is a key like any other. */
export function expectKey(key: unknown): string {
  if (typeof key !== 'string') throw errors.keyInvalid(describeValue(key))
  if (exceedsNameBytes(key)) throw errors.keyInvalid('one that is longer')
  return key
}
