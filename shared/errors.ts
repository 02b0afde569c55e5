/**
 * Every error that has a code, in one table. An error crosses a border (worker, client) as plain data and
 * becomes an error again on the other side; programs read its code, and people its message.
 * `docs/reference/errors.md` lists the same codes, and a test compares them.
 */
import { define, wireErrors } from './wire-errors.js'

export { type ErrorData, GatewayError, type RetryHint } from './wire-errors.js'

/** The versions of a protocol that a program speaks. */
interface VersionRange {
  readonly least: number
  readonly most: number
}

export const errors = {
  // Those that a client raises or tells apart.
  ...wireErrors,

  // Errors in answer to a client's frame.
  routeUnknown: define('ROUTE_UNKNOWN', (route: string | number) =>
    typeof route === 'string'
      ? `No handler is registered for "${route}"`
      : `The route code ${route} is in no dictionary of this connection: shake hands anew, or write the route as text`
  ),
  bodyInvalid: define('BODY_INVALID', (issue: string) => `The body does not fit: ${issue}`),
  protocolViolated: define('PROTOCOL_VIOLATED', (why: string) => `The frame has no place here: ${why}`),
  internal: define('INTERNAL', (id: string) => `The request failed; the log has the cause under ${id}`),
  timeout: define(
    'TIMEOUT',
    (route: string, ms: number) => `"${route}" was not answered within ${Math.round(ms)} ms`
  ),
  workerLost: define('WORKER_LOST', (route: string, why: string) => `"${route}" was not answered: ${why}`),
  handlerFatal: define(
    'HANDLER_FATAL',
    (route: string, cause: string) => `The handler of "${route}" ended its worker: ${cause}`
  ),
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
  kickNotKept: define(
    'KICK_NOT_KEPT',
    (uid: string) =>
      `The sessions of user ${JSON.stringify(uid)} in gateways were ended, but NATS has not answered: one that it keeps may come back. Kick the user again`
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

  // Errors of the tools for tests and loads.
  waitTimedOut: define(
    'WAIT_TIMED_OUT',
    (event: string, ms: number) => `No event "${event}" came within ${ms} ms`
  ),
  // Errors that prevent a start.
  nodeUnsupported: define('NODE_UNSUPPORTED', (message: string) => message),
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

/**
 * Codes of refusals in normal use: players leave during requests, and change the same key at the same time.
 * The log tells of them, but warns of none. What is wrong with a cluster is logged as such: the others of
 * these are its consequences.
 */
export const everydayCodes: ReadonlySet<string> = new Set<string>([
  errors.sessionNotFound.code,
  errors.conflict.code,
  errors.clusterUnavailable.code,
  errors.clusterTimeout.code,
  errors.frontendLost.code,
  errors.sessionNotKept.code,
  errors.kickNotKept.code
])
