/**
 * Describes thrown values as text.
 * A thrown value may be anything, and may throw again when it is read (a Proxy, a getter). These functions
 * never throw, and their texts have a bounded length.
 */
import { shorten } from './field-text.js'
import { formatMessage } from './log.js'

/** Maximum characters of a description. */
const longest = 16_384

/** Returns the stack of an error; the text of anything else. */
export function describeThrown(thrown: unknown): string {
  return attempt(() => {
    if (!(thrown instanceof Error)) return describeOther(thrown)
    const { stack } = thrown
    return typeof stack === 'string' && stack !== '' ? stack : `${thrown.name}: ${messageOf(thrown)}`
  })
}

/** Returns the message of an error; the text of anything else. */
export function messageOf(thrown: unknown): string {
  return attempt(() => (thrown instanceof Error ? String(thrown.message) : describeOther(thrown)))
}

/** Returns the `code` of an error; '' if it has none. */
export function codeOf(thrown: unknown): string {
  return attempt(() => String((thrown as { code?: unknown } | null | undefined)?.code ?? ''))
}

/** Returns the result of `read`, shortened, or a replacement text if it throws. */
export function attempt(read: () => string): string {
  try {
    return shorten(read(), longest)
  } catch {
    return "something that can't be described"
  }
}

function describeOther(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null ? formatMessage(thrown) : String(thrown)
}
