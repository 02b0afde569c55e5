/**
 * The error that a handler throws for its client. In a file apart from the table of errors, so that the
 * client's bundle does not contain this class.
 */
import { GatewayError } from './errors.js'

const requestErrorBrand = Symbol.for('sallyport.RequestError')

/**
 * An error that a handler throws for its client. The code reaches the client as it is, and so does a message
 * of at most 16,384 bytes. `data` arrives as plain JSON, as `JSON.stringify` writes it: a Date is its text.
 * It is left out if it has no such form, as with a BigInt in it, or takes more than 65,536 bytes.
 * Anything else that a handler throws reaches the client as `INTERNAL`, without its text.
 */
export class RequestError extends GatewayError {
  constructor(code: string, message: string, data?: unknown) {
    super({ code, message, data })
  }

  static {
    RequestError.prototype.name = 'RequestError'
    // A game may have loaded a second copy of this class (as CommonJS, say); its errors are meant for clients
    // too.
    Object.defineProperty(RequestError.prototype, requestErrorBrand, { value: true })
  }
}

/** Whether a handler threw this error for its client. Never throws, whatever was thrown. */
export function isRequestError(error: unknown): error is RequestError {
  try {
    return error instanceof Error && (error as { [requestErrorBrand]?: boolean })[requestErrorBrand] === true
  } catch {
    return false
  }
}
