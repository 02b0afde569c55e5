/**
 * The addresses of the console's API, its errors, and the types of its requests.
 *
 * The page of the console and `sallyport top` are written against this file and console-answers.ts. All
 * addresses are relative to `/console/` on the internal port. Bodies and answers are JSON.
 */

export type * from './cluster-answers.js'
export type * from './console-answers.js'

/**
 * What a call is about:
 * `open`: needs no token. `read`: needs the token. `change`: needs the token, is refused in read-only mode,
 * and is written to the audit log.
 */
export type ApiKind = 'open' | 'read' | 'change'

/** What a console that is off answers at all of its addresses, with 404. */
export const howToTurnOn =
  'The console is off: in production it needs a token, by the option consoleToken or SALLYPORT_CONSOLE_TOKEN'

export interface ApiAddress {
  readonly method: 'GET' | 'POST'
  /** Path below `/console/`. Parts in capitals stand for percent-encoded values: `SID`, `INDEX`, `ROUTE`. */
  readonly path: string
  readonly kind: ApiKind
}

/** All addresses, in the order of the reference. */
export const consoleAddresses = {
  /** `LoginRequest` → `LoginAnswer`, and the cookie. */
  login: { method: 'POST', path: 'api/login', kind: 'open' },
  /** → `LoginAnswer`: what the page asks first, since its cookie may still be valid. */
  me: { method: 'GET', path: 'api/me', kind: 'read' },
  /** `{}` → `Changed`. Ends the login of the cookie. Is allowed in read-only mode. */
  logout: { method: 'POST', path: 'api/logout', kind: 'read' },
  /** → `Overview`. */
  overview: { method: 'GET', path: 'api/overview', kind: 'read' },
  /** → `AddressAnswer`. */
  address: { method: 'GET', path: 'api/address', kind: 'read' },
  /** → `ClusterAnswer`. */
  cluster: { method: 'GET', path: 'api/cluster', kind: 'read' },
  /** `?query=&by=&after=&limit=&gateways=` (see `SessionsQuery`) → `SessionsPage`. */
  sessions: { method: 'GET', path: 'api/sessions', kind: 'read' },
  /** → `SessionDetail`. In a cluster, of a session of any gateway; so do the two changes below. */
  session: { method: 'GET', path: 'api/sessions/SID', kind: 'read' },
  /** `KickRequest` → `Changed`. */
  kick: { method: 'POST', path: 'api/sessions/SID/kick', kind: 'change' },
  /** `{}` → `Changed`. */
  unbind: { method: 'POST', path: 'api/sessions/SID/unbind', kind: 'change' },
  /** → `WorkersAnswer`. */
  workers: { method: 'GET', path: 'api/workers', kind: 'read' },
  /** `{}` → `Changed`, as soon as the replacement is asked for; the worker's requests finish. */
  restart: { method: 'POST', path: 'api/workers/INDEX/restart', kind: 'change' },
  /** `ProfileRequest` → a `.cpuprofile` file. */
  profile: { method: 'POST', path: 'api/workers/INDEX/profile', kind: 'change' },
  /** `{}` → a `.heapsnapshot` file. */
  heapSnapshot: { method: 'POST', path: 'api/workers/INDEX/heap-snapshot', kind: 'change' },
  /** `ProfileRequest` → a `.cpuprofile` file of the gateway's main thread. */
  gatewayProfile: { method: 'POST', path: 'api/gateway/profile', kind: 'change' },
  /** `{}` → a `.heapsnapshot` file of the gateway's main thread. The gateway stands still meanwhile. */
  gatewayHeapSnapshot: { method: 'POST', path: 'api/gateway/heap-snapshot', kind: 'change' },
  /** → `RoutesAnswer`. */
  routes: { method: 'GET', path: 'api/routes', kind: 'read' },
  /** `{}` → `Changed`. Ends the suspension of a route. */
  resumeRoute: { method: 'POST', path: 'api/routes/ROUTE/resume', kind: 'change' },
  /** `?after=&level=&text=&limit=` (see `LogQuery`) → `LogPage`. */
  log: { method: 'GET', path: 'api/log', kind: 'read' },
  /** → `AuditAnswer`. */
  audit: { method: 'GET', path: 'api/audit', kind: 'read' }
} as const satisfies Record<string, ApiAddress>

export type ConsoleCall = keyof typeof consoleAddresses

/** The header that each POST with a cookie needs, except for `login`: its value is `LoginAnswer.csrf`. */
export const csrfHeader = 'x-sallyport-csrf'

/** The body of every failed call. */
export interface ApiError {
  readonly error: { readonly code: ApiErrorCode; readonly message: string }
}

/** The codes of failed calls, with their HTTP status. */
export const apiErrors = {
  /** The request's parameters or body are not as described here. */
  BAD_REQUEST: 400,
  /** No token or a wrong one; the cookie is unknown or has expired: log in again. */
  UNAUTHORIZED: 401,
  /** The header `x-sallyport-csrf` is missing or wrong. */
  CSRF: 403,
  /** The console is in read-only mode (option `consoleReadOnly`). */
  READ_ONLY: 403,
  /** The request comes from a page of another origin. One for another host is answered with 421 before. */
  FORBIDDEN_ORIGIN: 403,
  /** There is no such address, session, worker or route. */
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  /** It can't be done now, for example a second profile of the same worker. */
  CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  /** Too many wrong tokens: wait as long as the header `retry-after` says, in seconds. */
  TOO_MANY_ATTEMPTS: 429,
  /** The worker ended or did not answer, or the gateway has failed. */
  FAILED: 500,
  /** Gateways of the cluster did not answer. A change may have been made at one of them, or may yet be. */
  GATEWAY_SILENT: 504
} as const

export type ApiErrorCode = keyof typeof apiErrors

export interface LoginRequest {
  readonly token: string
}

/** Parameters of `GET api/sessions`. */
export interface SessionsQuery {
  /** What is looked for; none: all sessions. At most 200 characters. */
  readonly query?: string
  /**
   * `uid`: the uid contains it, in small or capital letters. `sid`: the sid begins with it. `address`: the
   * IP address begins with it. `any` (default): one of these.
   */
  readonly by?: 'uid' | 'sid' | 'address' | 'any'
  /** `next` of the page before. */
  readonly after?: number
  /** Sessions of a page: 1 to 200, by default 50. */
  readonly limit?: number
  /** `own` (default): the sessions of the asked gateway. `all`: those of all gateways of its cluster. */
  readonly gateways?: 'own' | 'all'
}

export interface KickRequest {
  /** What the client is told. null or absent: it sees only the close code. At most 120 characters. */
  readonly reason?: string | null
}

export interface ProfileRequest {
  /** 1 to 30; by default 5. */
  readonly seconds?: number
}

/** Parameters of `GET api/log`. */
export interface LogQuery {
  /** `last` of the answer before; without it, the newest lines. */
  readonly after?: number
  /** The least level: `trace`, `debug`, `info` (default), `warn` or `error`. */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  /** Text that the line contains, in small or capital letters. At most 200 characters. */
  readonly text?: string
  /** 1 to 500, by default 200. */
  readonly limit?: number
}
