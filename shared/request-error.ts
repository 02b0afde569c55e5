/**
 * The error that a handler throws for its client. Apart from the table, so that the client's bundle is spared
 * it.
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
    // A game may have loaded a second copy of this class (as CommonJS, say); its errors are for clients all
    // the same.
    Object.defineProperty(RequestError.prototype, requestErrorBrand, { value: true })
  }
}

/** Whether a handler threw it for its client. */
export function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && (error as { [requestErrorBrand]?: boolean })[requestErrorBrand] === true
}
