/** The errors that end a client for good. */
import { type ErrorData, wireErrors } from '../../shared/wire-errors.js'
import type { Failure } from './state.js'

/**
 * The error that ended a conversation. `cause`: the thrown value, if the conversation ended because of one.
 */
export interface ClosingError extends ErrorData {
  readonly cause?: unknown
}

/** Creates the error for a connection that was not made. `data` says the kind, for programs. */
export function connectError(url: string, { kind, reason, status, cause }: Failure): ClosingError {
  const { code, message } = wireErrors.connectFailed(withoutSecrets(url), reason)
  return { code, message, data: { kind, ...(status === undefined ? {} : { status }) }, cause }
}

/** Returns the address without what may be secret in it, since messages end up in logs. */
export function withoutSecrets(url: string): string {
  return String(url)
    .replace(/\/\/[^/?#]*@/, '//')
    .replace(/[?#].*/s, '')
}
