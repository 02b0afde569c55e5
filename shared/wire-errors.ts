/**
 * The errors that a client raises or tells apart: the part of the table of errors that a page loads.
 * `shared/errors.ts` has the whole table.
 */

/** An error as it crosses a border. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  /** Data for the client beside the message. JSON values only. */
  readonly data?: unknown
}

/** The `data` of an error with a retry hint. */
export interface RetryHint {
  /** Milliseconds after which the client may try again. */
  readonly retryAfter: number
}

/** An error with a code from the table of errors. */
export class GatewayError extends Error {
  readonly code: string
  readonly data?: unknown

  constructor({ code, message, data }: ErrorData) {
    super(message)
    this.code = code
    if (data !== undefined) this.data = data
  }

  static {
    GatewayError.prototype.name = 'GatewayError'
  }
}

/** Defines an error; its message is made from the arguments. */
export function define<Code extends string, Args extends unknown[]>(
  code: Code,
  describe: (...args: Args) => string
) {
  return Object.assign((...args: Args) => new GatewayError({ code, message: describe(...args) }), { code })
}

/**
 * Defines an error with a retry hint. The hint goes into `data`. The message, which is for people, is made
 * from the other arguments.
 */
export function defineWithRetryHint<Code extends string, Args extends unknown[]>(
  code: Code,
  describe: (...args: Args) => string
) {
  return Object.assign(
    (retryAfter: number, ...args: Args) =>
      new GatewayError({ code, message: describe(...args), data: { retryAfter } satisfies RetryHint }),
    { code, hasRetryHint: true }
  )
}

export const wireErrors = {
  bodyMalformed: define('BODY_MALFORMED', (why: string) => `The body can't be read: ${why}`),
  bodyTooLarge: define(
    'BODY_TOO_LARGE',
    (got: string, limit: number) => `The body takes ${got}, the limit is ${limit} bytes; it was not run`
  ),
  frameMalformed: define('FRAME_MALFORMED', (why: string) => `The frame can't be read: ${why}`),
  noWorker: define('NO_WORKER', (route: string) => `No worker is able to run "${route}" now`),
  routeSuspended: define(
    'ROUTE_SUSPENDED',
    (route: string, ms: number) =>
      `"${route}" has ended workers again and again; it is tried again in ${ms} ms`
  ),
  rateLimited: defineWithRetryHint(
    'RATE_LIMITED',
    (limit: string, most: string) => `More came than ${limit}, ${most}, allows; it was not run`
  ),
  overloaded: defineWithRetryHint(
    'OVERLOADED',
    (limit: string, most: string) => `More waits than ${limit}, ${most}, allows; it was not run`
  ),
  closing: define('CLOSING', () => 'The gateway is closing and takes no new requests'),
  connectFailed: define(
    'CONNECT_FAILED',
    (url: string, why: string) => `No connection to ${url} came about: ${why}`
  ),
  handshakeRefused: define(
    'HANDSHAKE_REFUSED',
    (why: string) => `The gateway has refused the handshake: ${why}`
  ),
  connectionClosed: define('CONNECTION_CLOSED', (why: string) => `The connection is closed: ${why}`),
  sessionLost: define(
    'SESSION_LOST',
    (route: string, hasLeft: boolean) =>
      `The session of "${route}" was lost: ${hasLeft ? 'it may have been run' : 'it was not sent'}`
  ),
  requestTimedOut: define(
    'REQUEST_TIMED_OUT',
    (route: string, ms: number) => `"${route}" was not answered within the client's ${ms} ms`
  ),
  bodyNotSerializable: define(
    'BODY_NOT_SERIALIZABLE',
    (path: string, what: string) => `The body can't be sent: ${what} at ${path === '' ? 'its top' : path}`
  ),
  routeInvalid: define(
    'ROUTE_INVALID',
    (got: string) => `Expected a route to be a text of at most 255 bytes, got ${got}`
  ),
  outboxFull: define(
    'OUTBOX_FULL',
    (limit: number) =>
      `More than ${limit} bytes (outboxLimit) would wait for the gateway to say that it has them`
  ),
  optionInvalid: define('OPTION_INVALID', (message: string) => message)
} as const
