/**
 * What was thrown, as text. It may be anything, and what is asked of it may throw again (a Proxy, a getter): describing
 * never does, and gives no more than a few lines of a log can hold.
 */
import { shorten } from './field-text.js'
import { formatMessage } from './log.js'

/** Characters of a description at most. */
const longest = 16_384

/** Its stack, where it is an error that has one; else its text. */
export function describeThrown(thrown: unknown): string {
  return attempt(() => {
    if (!(thrown instanceof Error)) return describeOther(thrown)
    const { stack } = thrown
    return typeof stack === 'string' && stack !== '' ? stack : `${thrown.name}: ${messageOf(thrown)}`
  })
}

/** Its message, where it is an error; else its text. */
export function messageOf(thrown: unknown): string {
  return attempt(() => (thrown instanceof Error ? String(thrown.message) : describeOther(thrown)))
}

/** Its `code`; '' where it has none. */
export function codeOf(thrown: unknown): string {
  return attempt(() => String((thrown as { code?: unknown } | null | undefined)?.code ?? ''))
}

/** What `read` gives, whatever happens there. */
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
