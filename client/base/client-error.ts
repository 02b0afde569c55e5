/** What a request of a client rejects with. */
import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'

/** Of these the gateway says that the request was not run, and that another time it may be. */
const retryableCodes: ReadonlySet<string> = new Set(
  [errors.noWorker, errors.closing, errors.rateLimited, errors.overloaded, errors.routeSuspended].map(
    ({ code }) => code
  )
)

/**
 * An error reply of the gateway, or what the client found by itself. `code` is from docs/reference/errors.md,
 * or the game's.
 */
export class ClientError extends GatewayError {
  /** Whether the request was surely not run, and it makes sense to try again. */
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
