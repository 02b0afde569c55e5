/**
 * The error that a handler throws for its client. In a file apart from the table of errors, so that the
 * client's bundle does not contain this class.
 */
import { GatewayError } from './errors.js'

const requestErrorBrand = Symbol.for('sallyport.RequestError')

/**
 * An error that a handler throws for its client: code, message and data reach the client as they are.
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
