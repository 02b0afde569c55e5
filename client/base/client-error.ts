/** The error that a client rejects with and throws. */
import { type ErrorData, GatewayError, wireErrors } from '../../shared/wire-errors.js'

/** Codes with which the gateway says that it did not run the request, and that a retry may succeed. */
const retryableCodes: ReadonlySet<string> = new Set(
  [
    wireErrors.noWorker,
    wireErrors.closing,
    wireErrors.rateLimited,
    wireErrors.overloaded,
    wireErrors.routeSuspended
  ].map(({ code }) => code)
)

/**
 * An error reply of the gateway, or an error that the client found itself. `code` is one from
 * docs/reference/errors.md, or the game's own.
 */
export class ClientError extends GatewayError {
  /** Whether the request certainly did not run, and a retry may succeed. */
  readonly retryable: boolean

  constructor(
    data: ErrorData,
    { retryable = retryableCodes.has(data.code), cause }: { retryable?: boolean; cause?: unknown } = {}
  ) {
    super(data)
    this.retryable = retryable
    if (cause !== undefined) this.cause = cause
  }

  static {
    ClientError.prototype.name = 'ClientError'
  }
}
