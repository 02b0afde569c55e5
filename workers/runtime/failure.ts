/**
 * What becomes of what a handler threw: what its client is told, and what the log is. Only what was meant for clients
 * leaves the machine. Whatever was thrown, this does not throw.
 */
import { randomUUID } from 'node:crypto'
import { cutToBytes, describeValue, exceedsBytes, maxReasonBytes } from '../../shared/check.js'
import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'
import { isRequestError, type RequestError } from '../../shared/request-error.js'
import type { Logger } from '../../shared/text/log.js'
import { describeThrown, messageOf } from '../../shared/text/thrown.js'

/** Bytes that the parts of a RequestError may take at most, as UTF-8; its data as JSON. */
const maxCodeBytes = 256
const maxMessageBytes = 16_384
const maxDataBytes = 65_536

/** Errors that a request ends with by our own doing. */
const saidByUs = new Set<string>([
  errors.bodyMalformed.code,
  errors.bodyTooLarge.code,
  errors.replyNotSerializable.code
])

/** Refusals of operations: a client is told of one that its handler did not catch. The same codes of others are not. */
const refusals = new Set<string>([
  errors.sessionNotFound.code,
  errors.frontendUnknown.code,
  errors.uidInvalid.code,
  errors.uidTaken.code,
  errors.uidNotBound.code,
  errors.singleSession.code,
  errors.conflict.code,
  errors.settingsTooLarge.code,
  errors.tooManyKeys.code,
  errors.keyInvalid.code,
  errors.valueNotSerializable.code,
  errors.channelInvalid.code,
  errors.tooManyChannels.code,
  errors.channelFull.code,
  errors.eventNotSerializable.code,
  errors.tooManyOperations.code,
  errors.requestEnded.code
])

/** Those that players cause by what they do at the same time, or by leaving. */
const everyday = new Set<string>([errors.sessionNotFound.code, errors.conflict.code])

/** Tells the log, and returns what the client is told. */
export function tellFailure(error: unknown, log: Logger): ErrorData {
  try {
    if (isRequestError(error)) return tellRequestError(error, log)
    if (error instanceof GatewayError) {
      // Read once: the error is in the game's hands, and its code may be another one the next time.
      const { code } = error
      if (saidByUs.has(code)) return { code, message: readMessage(error) }
      if (refusals.has(code)) return tellRefusal(error, code, log)
    }
  } catch {
    // An error that throws when it is looked at was not meant for its client.
  }
  return tellInternal('A handler failed', error, log)
}

/** The reason that a client is told which onConnect refuses: a message that is too long is cut, and that is logged. */
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
  log[everyday.has(code) ? 'info' : 'warn']('A handler was refused something, and did not catch it', {
    code,
    error: describeThrown(error)
  })
  return { code, message: readMessage(error) }
}

function readMessage(error: GatewayError): string {
  return cutToBytes(messageOf(error), maxMessageBytes)
}

/** Its code, message and data as they are. Of what does not fit the code is kept, which is what programs read. */
function tellRequestError(error: RequestError, log: Logger): ErrorData {
  const { code: given, message: text, data }: { code: unknown; message: unknown; data?: unknown } = error
  const code = typeof given === 'number' ? String(given) : given
  if (typeof code !== 'string' || exceedsBytes(code, maxCodeBytes)) {
    const got = typeof code === 'string' ? `one of ${code.length} characters` : describeValue(code)
    const why = `Expected its code to be a string of at most ${maxCodeBytes} bytes, got ${got}`
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

/** What a thrower gave its client, as JSON, if there is any; or why it can't be sent. */
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
