/**
 * Every error that has a code, in one table. An error crosses a border (worker, client) as plain data and
 * becomes an error again on the other side; programs read its code, and people its message.
 * `docs/reference/errors.md` lists the same codes, and a test compares them.
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

/** The versions of a protocol that a program speaks. */
interface VersionRange {
  readonly least: number
  readonly most: number
}

/** An error with a code from the table below. */
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
function define<Code extends string, Args extends unknown[]>(
  code: Code,
  describe: (...args: Args) => string
) {
  return Object.assign((...args: Args) => new GatewayError({ code, message: describe(...args) }), { code })
}

/**
 * Defines an error with a retry hint. The hint goes into `data`. The message, which is for people, is made
 * from the other arguments.
 */
function defineWithRetryHint<Code extends string, Args extends unknown[]>(
  code: Code,
  describe: (...args: Args) => string
) {
  return Object.assign(
    (retryAfter: number, ...args: Args) =>
      new GatewayError({ code, message: describe(...args), data: { retryAfter } satisfies RetryHint }),
    { code, hasRetryHint: true }
  )
}

export const errors = {
  // Errors in answer to a client's frame.
  routeUnknown: define('ROUTE_UNKNOWN', (route: string | number) =>
    typeof route === 'string'
      ? `No handler is registered for "${route}"`
      : `The route code ${route} is in no dictionary of this connection: shake hands anew, or write the route as text`
  ),
  bodyMalformed: define('BODY_MALFORMED', (why: string) => `The body can't be read: ${why}`),
  bodyTooLarge: define(
    'BODY_TOO_LARGE',
    (got: string, limit: number) => `The body takes ${got}, the limit is ${limit} bytes; it was not run`
  ),
  bodyInvalid: define('BODY_INVALID', (issue: string) => `The body does not fit: ${issue}`),
  frameMalformed: define('FRAME_MALFORMED', (why: string) => `The frame can't be read: ${why}`),
  protocolViolated: define('PROTOCOL_VIOLATED', (why: string) => `The frame has no place here: ${why}`),
  internal: define('INTERNAL', (id: string) => `The request failed; the log has the cause under ${id}`),
  timeout: define(
    'TIMEOUT',
    (route: string, ms: number) => `"${route}" was not answered within ${Math.round(ms)} ms`
  ),
  workerLost: define(
    'WORKER_LOST',
    (route: string, cause: string) => `The worker of "${route}" ended before it answered: ${cause}`
  ),
  handlerFatal: define(
    'HANDLER_FATAL',
    (route: string, cause: string) => `The handler of "${route}" ended its worker: ${cause}`
  ),
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

  // Errors of operations of a handler or of the host.
  sessionNotFound: define('SESSION_NOT_FOUND', (sid: number) => `session does not exist, sid: ${sid}`),
  frontendUnknown: define(
    'FRONTEND_UNKNOWN',
    (frontendId: string) =>
      `No gateway is known by the frontendId ${JSON.stringify(frontendId.length > 256 ? `${frontendId.slice(0, 256)}…` : frontendId)}`
  ),
  clusterUnavailable: define(
    'CLUSTER_UNAVAILABLE',
    (what: string, why: string) => `The cluster can't be asked for ${what} now, and nothing was done: ${why}`
  ),
  clusterTimeout: define(
    'CLUSTER_TIMEOUT',
    (what: string, frontendId: string, ms: number) =>
      `Gateway ${JSON.stringify(frontendId)} has not answered ${what} within ${ms} ms; it may be done or not`
  ),
  frontendLost: define(
    'FRONTEND_LOST',
    (frontendId: string, what: string) =>
      `Gateway ${JSON.stringify(frontendId)} ended before it answered ${what}; it may be done or not`
  ),
  sessionNotKept: define(
    'SESSION_NOT_KEPT',
    (sid: number, why: string) =>
      `The change of session ${sid} was made, but NATS may not have it: ${why}. A crash of the gateway would lose it`
  ),
  clusterUnsupported: define(
    'CLUSTER_UNSUPPORTED',
    (what: string, frontendId: string) =>
      `Gateway ${JSON.stringify(frontendId)} runs an older version, which does not know ${what}; nothing was done`
  ),
  uidInvalid: define(
    'UID_INVALID',
    (got: string) => `Expected a uid to be a non-empty string of at most 256 bytes, got ${got}`
  ),
  uidTaken: define('UID_TAKEN', (uid: string) => `session has already bound with ${uid}`),
  uidNotBound: define(
    'UID_NOT_BOUND',
    (asked: string, bound: string | null) =>
      `session is not bound with ${asked}, it is ${bound === null ? 'not bound' : `bound with ${bound}`}`
  ),
  singleSession: define(
    'SINGLE_SESSION',
    (uid: string) => `singleSession is enabled, and session has already bound with uid: ${uid}`
  ),
  conflict: define(
    'CONFLICT',
    (keys: readonly string[]) =>
      `Changed by another meanwhile: ${keys.map(key => JSON.stringify(key)).join(', ')}`
  ),
  settingsTooLarge: define(
    'SETTINGS_TOO_LARGE',
    (key: string, length: number, limit: number) =>
      `With ${JSON.stringify(key)} the settings of the session would take ${length} characters, the limit is ${limit}`
  ),
  tooManyKeys: define(
    'TOO_MANY_KEYS',
    (key: string, limit: number) =>
      `With ${JSON.stringify(key)} the session would have more than ${limit} keys, which is the limit`
  ),
  resumeWindowInvalid: define(
    'RESUME_WINDOW_INVALID',
    (expected: string, got: string) => `Expected a resume window to be ${expected}, got ${got}`
  ),
  keyInvalid: define(
    'KEY_INVALID',
    (got: string) => `Expected a key to be a string of at most 256 bytes, got ${got}`
  ),
  valueNotSerializable: define(
    'VALUE_NOT_SERIALIZABLE',
    (key: string, path: string, what: string) =>
      `The value of ${JSON.stringify(key)} can't be kept: ${what} at ${path === '' ? 'its top' : path}`
  ),
  replyNotSerializable: define(
    'REPLY_NOT_SERIALIZABLE',
    (path: string, what: string) => `The reply can't be sent: ${what} at ${path === '' ? 'its top' : path}`
  ),
  channelInvalid: define(
    'CHANNEL_INVALID',
    (got: string) =>
      `Expected the name of a channel to be a non-empty string of at most 256 bytes, got ${got}`
  ),
  tooManyChannels: define(
    'TOO_MANY_CHANNELS',
    (channel: string, limit: number) =>
      `The session can't join ${JSON.stringify(channel)}: it is in ${limit} channels, which is the limit`
  ),
  channelFull: define(
    'CHANNEL_FULL',
    (channel: string, limit: number) => `${JSON.stringify(channel)} has ${limit} members, which is the limit`
  ),
  eventNotSerializable: define(
    'EVENT_NOT_SERIALIZABLE',
    (path: string, what: string) => `The event can't be sent: ${what} at ${path === '' ? 'its top' : path}`
  ),
  tooManyOperations: define(
    'TOO_MANY_OPERATIONS',
    (route: string, limit: number) =>
      `"${route}" has asked for ${limit} operations in one request, which is the limit`
  ),
  requestEnded: define(
    'REQUEST_ENDED',
    (route: string) => `"${route}" was decided by its deadline; what it does now has no effect`
  ),
  operationFailed: define(
    'OPERATION_FAILED',
    (operation: string) => `The gateway failed to apply ${operation}; its log has the cause`
  ),

  // Errors that our client raises by itself.
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
  waitTimedOut: define(
    'WAIT_TIMED_OUT',
    (event: string, ms: number) => `No event "${event}" came within ${ms} ms`
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

  // Errors that prevent a start.
  nodeUnsupported: define('NODE_UNSUPPORTED', (message: string) => message),
  optionInvalid: define('OPTION_INVALID', (message: string) => message),
  handlersInvalid: define('HANDLERS_INVALID', (message: string) => message),
  workerNotStarted: define(
    'WORKER_NOT_STARTED',
    (isolation: string, why: string) => `A worker could not be started as a ${isolation}: ${why}`
  ),
  listenFailed: define('LISTEN_FAILED', (message: string) => message),
  tlsInvalid: define('TLS_INVALID', (message: string) => message),
  clusterIncompatible: define(
    'CLUSTER_INCOMPATIBLE',
    (frontendId: string, version: string, theirs: VersionRange, own: VersionRange) =>
      `Gateway ${JSON.stringify(frontendId)} of version ${version} speaks versions ${theirs.least} to ${theirs.most} of the protocol between gateways, this one ${own.least} to ${own.most}: update the older one by a release in between`
  ),
  natsFailed: define('NATS_FAILED', (message: string) => message),
  frontendTaken: define(
    'FRONTEND_TAKEN',
    (frontendId: string, cluster: string) =>
      `Another gateway of the cluster ${JSON.stringify(cluster)} is running as ${JSON.stringify(frontendId)}: choose another frontendId, or end that gateway`
  )
} as const
