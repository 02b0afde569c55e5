/**
 * Turns the error of a handler into the client's error and a log line.
 * Only errors that are meant for clients reach them; anything else becomes `INTERNAL`. Never throws, whatever
 * was thrown.
 */
import { randomUUID } from 'node:crypto'
import { cutToBytes, exceedsBytes, maxReasonBytes } from '../../shared/check.js'
import { type ErrorData, errors, everydayCodes, GatewayError } from '../../shared/errors.js'
import { isRequestError, type RequestError } from '../../shared/request-error.js'
import { describeValue } from '../../shared/text/described.js'
import { isInstance } from '../../shared/text/instance.js'
import type { Logger } from '../../shared/text/log.js'
import { describeThrown, messageOf } from '../../shared/text/thrown.js'

/** Maximum sizes of a RequestError's parts in bytes, as UTF-8. Its data is measured as JSON. */
const maxCodeBytes = 256
const maxMessageBytes = 16_384
const maxDataBytes = 65_536

/** Codes of the worker's own errors. Clients receive these errors unchanged. */
const ownErrors = new Set<string>([
  errors.bodyMalformed.code,
  errors.bodyTooLarge.code,
  errors.replyNotSerializable.code
])

/**
 * Codes of refused operations. The client receives such a refusal if the handler did not catch it. Errors of
 * other classes with the same codes are not passed on.
 */
const refusals = new Set<string>([
  errors.sessionNotFound.code,
  errors.frontendUnknown.code,
  errors.clusterUnavailable.code,
  errors.clusterTimeout.code,
  errors.frontendLost.code,
  errors.clusterUnsupported.code,
  errors.sessionNotKept.code,
  errors.kickNotKept.code,
  errors.uidInvalid.code,
  errors.uidTaken.code,
  errors.uidNotBound.code,
  errors.singleSession.code,
  errors.conflict.code,
  errors.settingsTooLarge.code,
  errors.tooManyKeys.code,
  errors.resumeWindowInvalid.code,
  errors.keyInvalid.code,
  errors.valueNotSerializable.code,
  errors.channelInvalid.code,
  errors.tooManyChannels.code,
  errors.channelFull.code,
  errors.eventNotSerializable.code,
  errors.tooManyOperations.code,
  errors.requestEnded.code,
  errors.operationFailed.code
])

/** Logs a failure, and returns the error for the client. */
export function tellFailure(error: unknown, log: Logger): ErrorData {
  try {
    if (isRequestError(error)) return tellRequestError(error, log)
    if (isInstance(error, GatewayError)) {
      // Read once: the error belongs to the game, and its code may change between two reads.
      const { code } = error
      if (ownErrors.has(code)) return { code, message: readMessage(error) }
      if (refusals.has(code)) return tellRefusal(error, code, log)
    }
  } catch {
    // An error that throws when it is read was not meant for the client.
  }
  return tellInternal('A handler failed', error, log)
}

/**
 * Returns the reason for a client that onConnect has refused. Cuts a message that is too long, and logs that.
 */
export function reasonOf(refusal: RequestError, log: Logger): string {
  const message = messageOf(refusal)
  const reason = cutToBytes(message, maxReasonBytes)
  if (reason !== message) {
    log.warn(`The reason of a refusal is cut: it takes more than ${maxReasonBytes} bytes`, { reason })
  }
  return reason === '' ? 'refused' : reason
}

function tellInternal(line: string, error: unknown, log: Logger, fields = {}): ErrorData {
  const id = randomUUID()
  log.error(line, { id, ...fields, error: describeThrown(error) })
  return errors.internal(id)
}

function tellRefusal(error: GatewayError, code: string, log: Logger): ErrorData {
  log[everydayCodes.has(code) ? 'info' : 'warn']('A handler was refused something, and did not catch it', {
    code,
    error: describeThrown(error)
  })
  return { code, message: readMessage(error) }
}

function readMessage(error: GatewayError): string {
  return cutToBytes(messageOf(error), maxMessageBytes)
}

/**
 * Returns an error's code, message and data. Cuts a message that is too large, and leaves out data that is
 * too large. A code is never cut, since programs compare it: with a code that is too large, the error becomes
 * `INTERNAL`.
 */
function tellRequestError(error: RequestError, log: Logger): ErrorData {
  const { code: given, message: text, data }: { code: unknown; message: unknown; data?: unknown } = error
  const code = typeof given === 'number' ? String(given) : given
  if (typeof code !== 'string' || code === '' || exceedsBytes(code, maxCodeBytes)) {
    const got = typeof code === 'string' ? `one of ${code.length} characters` : describeValue(code)
    const why = `Expected its code to be a string of 1 to ${maxCodeBytes} bytes, got ${got}`
    return tellInternal("A RequestError can't be sent", error, log, { why })
  }
  const whole = String(text)
  const message = cutToBytes(whole, maxMessageBytes)
  const { json, fault } = encodeData(data)
  const why = fault === undefined ? [] : [`its data is left out: ${fault}`]
  if (message !== whole) why.push(`its message takes more than ${maxMessageBytes} bytes, and is cut`)
  if (why.length > 0) log.error('A RequestError is sent in part', { code, why, error: describeThrown(error) })
  return json === undefined ? { code, message } : { code, message, data: JSON.parse(json) }
}

/** Returns the data of a RequestError as JSON, if there is any; or why it can't be sent. */
function encodeData(data: unknown): { readonly json?: string; readonly fault?: string } {
  try {
    const json: string | undefined = JSON.stringify(data)
    if (json === undefined) return {}
    if (!exceedsBytes(json, maxDataBytes)) return { json }
    return { fault: `it takes more than ${maxDataBytes} bytes as JSON` }
  } catch (error) {
    return { fault: messageOf(error) }
  }
}
