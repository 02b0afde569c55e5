/**
 * What becomes of what a handler threw: what its client is told, and what the log is. Only what was meant for clients
 * leaves the machine. Whatever was thrown, this does not throw.
 */
import { randomUUID } from 'node:crypto'
import { type ErrorData, errors, GatewayError, isRequestError, type RequestError } from '../shared/errors.js'
import type { Logger } from '../shared/log.js'
import { describeThrown } from '../shared/thrown.js'

/** Errors that a request ends with by our own doing; the same codes out of a game's code are its failures. */
const saidByUs = new Set<string>([
  errors.bodyMalformed.code,
  errors.bodyTooLarge.code,
  errors.replyNotSerializable.code
])

/** Tells the log, and returns what the client is told. `hasLeft`: whether the client's session has ended. */
export function tellFailure(error: unknown, log: Logger, hasLeft: boolean): ErrorData {
  try {
    if (isRequestError(error)) return tellRequestError(error, log)
    if (error instanceof GatewayError && saidByUs.has(error.code)) return error
    // That a player leaves while their handler awaits something of their session is nobody's fault.
    if (hasLeft && isSessionNotFound(error))
      return tellInternal(error, log, 'info', 'A handler ended with its session')
  } catch {
    // An error that throws when it is looked at was not meant for its client.
  }
  return tellInternal(error, log, 'error', 'A handler failed')
}

function tellInternal(error: unknown, log: Logger, level: 'info' | 'error', message: string): ErrorData {
  const id = randomUUID()
  log[level](message, { id, error: describeThrown(error) })
  return errors.internal(id)
}

function tellRequestError({ code, message, data }: RequestError, log: Logger): ErrorData {
  try {
    JSON.stringify(data)
    return { code: String(code), message, data }
  } catch (cause) {
    log.error("The data of a RequestError can't be sent", { code, cause })
    return { code: String(code), message }
  }
}

function isSessionNotFound(error: unknown): boolean {
  return error instanceof GatewayError && error.code === errors.sessionNotFound.code
}
