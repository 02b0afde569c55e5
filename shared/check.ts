/** Checks of values from outside. Each message says what was expected, and what came instead. */
import { allGateways } from './address.js'
import { errors } from './errors.js'
import { describeValue } from './text/described.js'
import { attempt } from './text/thrown.js'
import { utf8Length } from './utf8.js'

/** Maximum size of a uid, and of a key of a session's settings, in bytes of UTF-8. */
export const maxNameBytes = 256

/** Whether a value is a promise: an object or a function with a method `then`. */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** Whether a text takes more than `most` bytes as UTF-8. */
export function exceedsBytes(text: string, most: number): boolean {
  // A UTF-16 unit takes 1 to 3 bytes of UTF-8, so most texts need no count.
  if (text.length * 3 <= most) return false
  return text.length > most || new TextEncoder().encode(text).length > most
}

/** Cuts a text to `most` bytes of UTF-8; a character is kept whole or left out. */
export function cutToBytes(text: string, most: number): string {
  if (!exceedsBytes(text, most)) return text
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(most)).read)
}

function exceedsNameBytes(text: string): boolean {
  return exceedsBytes(text, maxNameBytes)
}

function describeLong(name: string): string {
  const bytes = new TextEncoder().encode(name).length
  return `one of ${bytes} bytes that begins with ${JSON.stringify(name.slice(0, 40))}`
}

/** Returns the uid, or throws `UID_INVALID`. */
export function expectUid(uid: unknown): string {
  if (typeof uid !== 'string' || uid === '') throw errors.uidInvalid(describeValue(uid))
  if (exceedsNameBytes(uid)) throw errors.uidInvalid(describeLong(uid))
  return uid
}

/** Returns the milliseconds of a resume window, or null; throws `RESUME_WINDOW_INVALID`. */
export function expectResumeWindow(ms: unknown): number | null {
  if (ms === null || (Number.isSafeInteger(ms) && (ms as number) >= 0)) return ms as number | null
  throw errors.resumeWindowInvalid('a whole number of milliseconds, or null', describeValue(ms))
}

/** Returns the key, or throws `KEY_INVALID`. The empty string is a key like any other. */
export function expectKey(key: unknown): string {
  if (typeof key !== 'string') throw errors.keyInvalid(describeValue(key))
  if (exceedsNameBytes(key)) throw errors.keyInvalid(describeLong(key))
  return key
}

/** Returns the name of a channel, or throws `CHANNEL_INVALID`. */
export function expectChannel(name: unknown): string {
  if (typeof name !== 'string' || name === '') throw errors.channelInvalid(describeValue(name))
  if (exceedsNameBytes(name)) throw errors.channelInvalid(describeLong(name))
  return name
}

/** Returns the object, or throws a TypeError. `what`: its name in the message. */
export function expectObject<Value extends object>(value: Value, what: string): Value {
  if (typeof value === 'object' && value !== null) return value
  throw new TypeError(`Expected ${what} to be an object, got ${describeValue(value)}`)
}

/** Returns the keys and values of a session, or throws a TypeError. Lists, Maps and Sets are refused. */
export function expectSettings<Settings extends object>(settings: Settings): Settings {
  const tag = attempt(() => Object.prototype.toString.call(settings).slice('[object '.length, -1))
  const isCollection = Array.isArray(settings) || tag === 'Map' || tag === 'Set'
  if (typeof settings === 'object' && settings !== null && !isCollection) return settings
  const got = isCollection ? `one of the kind ${tag}` : describeValue(settings)
  throw new TypeError(`Expected settings to be an object of keys and values, got ${got}`)
}

/** Maximum number of characters in an option that is a text, such as a gateway's name. */
export const maxOptionLength = 4_096

/**
 * Returns a gateway's name, or throws a TypeError. Does not check whether such a gateway exists, but throws
 * `FRONTEND_UNKNOWN` for a name that is too long for any gateway.
 */
export function expectFrontendId(frontendId: unknown): string {
  if (typeof frontendId === 'string') {
    if (frontendId.length > maxOptionLength) throw errors.frontendUnknown(frontendId)
    return frontendId
  }
  throw new TypeError(`Expected frontendId to be a string, got ${describeValue(frontendId)}`)
}

/** Does the same for the name of one gateway: what names all of them is `FRONTEND_UNKNOWN`. */
export function expectOneFrontendId(frontendId: unknown): string {
  const name = expectFrontendId(frontendId)
  if (name === allGateways) throw errors.frontendUnknown(name)
  return name
}

/** Returns a session's number, or throws a TypeError. A text that is no number is that of no session. */
export function expectSid(sid: unknown): number {
  if (typeof sid === 'string') return Number(sid)
  if (Number.isSafeInteger(sid)) return sid as number
  throw new TypeError(`Expected sid to be a session's number, got ${describeValue(sid)}`)
}

/** Throws a TypeError for what is no function. */
export function expectFunction(value: unknown, name: string): void {
  if (typeof value !== 'function')
    throw new TypeError(`Expected ${name} to be a function, got ${describeValue(value)}`)
}

/** Maximum size of the reason that a client is told for a kick or a refusal, in bytes of UTF-8. */
export const maxReasonBytes = 1_024

/**
 * Returns the reason of a kick: a text, or null for none. It is checked, since it may come straight from a
 * client's body.
 */
export function expectReason(reason: unknown): string | null {
  if (reason === undefined || reason === null) return null
  if (typeof reason === 'string' && !exceedsBytes(reason, maxReasonBytes)) return reason
  const got = typeof reason === 'string' ? `one of ${reason.length} characters` : describeValue(reason)
  throw new TypeError(
    `Expected the reason of a kick to be a string of at most ${maxReasonBytes} bytes, got ${got}`
  )
}

/** Maximum size of an event's name in bytes of UTF-8: a frame has one byte for the length. */
export const maxEventBytes = 255

/** Returns an event's name, or throws a TypeError. */
export function expectEvent(name: unknown): string {
  // `utf8Length` returns -1 for half a surrogate pair, which has no form in UTF-8.
  const bytes = typeof name === 'string' ? utf8Length(name) : -1
  // Names with a dollar are the gateway's own: a client of the text form takes "$kick" for a kick.
  if (bytes > 0 && bytes <= maxEventBytes && !(name as string).startsWith('$')) return name as string
  throw new TypeError(
    `Expected the name of an event to be a text of 1 to ${maxEventBytes} bytes that does not begin with $, got ${describeValue(name)}`
  )
}
