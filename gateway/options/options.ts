/**
 * The options of a gateway: their types, their check, and their defaults.
 *
 * Options that are plain values are in option-table.ts. The other ones, which only a program can give, are
 * here. `GatewayOptions` are the options as a program gives them. `ResolvedOptions` are the same options,
 * checked and frozen, with every default filled in.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { describeValue } from '../../shared/check.js'
import { monotonicClock, wallClock } from '../../shared/clock.js'
import { errors } from '../../shared/errors.js'
import { type Logger, logLevels } from '../../shared/text/log.js'
import { suggestOrList } from '../../shared/text/nearest.js'
import { Hosts } from '../addresses/hosts.js'
import { Origins } from '../addresses/origins.js'
import { LogDoor } from '../telemetry/log-door.js'
import { Metrics } from '../telemetry/metrics.js'
import { listEvents } from './events.js'
import { checkOption, readPath } from './option-row.js'
import { optionTable } from './option-table.js'
import type { PlainOptions, StartPage } from './plain-options.js'

/** The declarations of a Pomelo client in its handshake, and its address. */
export interface HandshakeInfo {
  /** The client's own type, e.g. `js-websocket`; '' if it names none. */
  readonly type: string
  readonly version: string
  /** The client's own data, exactly as it came: not validated. */
  readonly user: unknown
  readonly address: ClientAddress
}

/** The answer of the `onHandshake` hook. `user` is passed on to the client. */
export type HandshakeAnswer =
  | { readonly accept: true; readonly user?: unknown }
  | { readonly accept: false; readonly outdated?: boolean; readonly user?: unknown }

/** The request of a client for authentication, before its session begins. None of its data is validated. */
export interface AuthenticationRequest {
  /** The headers of the HTTP request that opened the connection. */
  readonly headers: IncomingHttpHeaders
  /** The path and query of that request. */
  readonly url: string
  readonly address: ClientAddress
  /** The handshake in Pomelo's protocol; undefined in the text protocol, which has none. */
  readonly handshake: Omit<HandshakeInfo, 'address'> | undefined
}

/** The answer of the `authenticate` hook: the client's identity, or a refusal with a reason. */
export type AuthenticationAnswer =
  | {
      readonly accept: true
      /** The user that the session is bound to; none if null or missing. */
      readonly uid?: string | null
      /** The session's initial settings. */
      readonly settings?: Readonly<Record<string, unknown>>
    }
  | {
      readonly accept: false
      /** The reason that is sent to the client, in the text protocol by a kick. Default: `not let in`. */
      readonly reason?: string
      /** Data under `user` in a handshake reply that refuses the client. Default: `{ reason }`. */
      readonly user?: unknown
    }

/** The headers and the URL of a client's upgrade, for authentication. */
export type Credentials = Pick<AuthenticationRequest, 'headers' | 'url'>

/** Answers an HTTP request that opens no WebSocket. */
export type HttpRequestListener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface ClientAddress {
  readonly ip: string
  readonly port: number
}

/** The options that are paths, which may also be given as `file:` URLs. */
type PathOption = 'handlers' | 'tlsCert' | 'tlsKey'

export interface GatewayOptions extends Partial<Omit<PlainOptions, PathOption>> {
  /**
   * Folder of the handler modules: a path, which is relative to the current directory, or a `file:` URL, such
   * as `new URL('./handlers', import.meta.url)`.
   */
  handlers: string | URL
  /** The certificate and its chain, as PEM: a path or a `file:` URL. Default: none. */
  tlsCert?: string | URL
  /** The certificate's key, as PEM: a path or a `file:` URL. Default: none. */
  tlsKey?: string | URL
  /**
   * The logger, which gets the lines of all levels. If it throws or rejects, only that line is lost. Default:
   * text lines on stderr, at `logLevel` and above.
   */
  log?: Logger
  /**
   * Accepts or refuses a Pomelo client's handshake. If it throws, rejects or returns an invalid answer, the
   * client is told to come back later (close code 1013). Default: accepts all.
   */
  onHandshake?: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  /**
   * Authenticates a client, before its session begins. Called again when the client resumes its session, and
   * must name the same user then. If it throws, rejects or returns an invalid answer, the client is told to
   * come back later (close code 1013). Default: lets all in, without a user.
   */
  authenticate?: (asked: AuthenticationRequest) => AuthenticationAnswer | Promise<AuthenticationAnswer>
  /**
   * Answers HTTP requests that are no upgrades, e.g. for a page. If it throws, the answer is 500. Default:
   * serves the start page, or answers 426 if the option `startPage` turns it off.
   */
  onHttpRequest?: HttpRequestListener
  /**
   * Returns the time of day, in milliseconds since 1970. Used for the log's time stamps, the numbers of
   * sessions and the validity of a certificate; no duration depends on it. Default: the machine's clock.
   */
  now?: () => number
  /**
   * Returns milliseconds of a monotonic clock, for deadlines, rates, suspensions and every other duration. A
   * test that moves the time passes its own. Default: `performance.now`.
   */
  monotonic?: () => number
  /**
   * Development mode: loads TypeScript handlers without a build, and reloads all handlers when a file that
   * they have loaded changes. Default: false.
   */
  dev?: boolean
  /**
   * Node's command line options for the workers, e.g. `['--import', './tracing.js']`. Default: those of this
   * process.
   */
  workerArgv?: readonly string[]
}

export interface ResolvedOptions extends Readonly<Omit<PlainOptions, 'startPage'>> {
  /** `off` if the host answers HTTP requests itself. */
  readonly startPage: 'on' | 'off'
  readonly log: Logger & { /** @internal */ close(): void }
  readonly onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  readonly authenticate: GatewayOptions['authenticate'] | undefined
  readonly onHttpRequest: HttpRequestListener | undefined
  readonly now: () => number
  readonly monotonic: () => number
  readonly dev: boolean
  readonly workerArgv: readonly string[] | undefined
}

/** The `onHandshake` of a host that gives none. */
export function acceptAll(): HandshakeAnswer {
  return { accept: true }
}

/** Names of the options that only a program can give, because they are not plain values. */
const programOptions = [
  'log',
  'onHandshake',
  'authenticate',
  'onHttpRequest',
  'now',
  'monotonic',
  'dev',
  'workerArgv'
]

/**
 * Checks the options and fills in the defaults.
 *
 * @internal
 * @param metrics counts lines of the log that are lost
 * @throws `OPTION_INVALID`, which names the option, the expected value and the given one
 */
export function resolveOptions(asked: GatewayOptions, metrics = new Metrics()): ResolvedOptions {
  if (asked === null || typeof asked !== 'object') {
    throw errors.optionInvalid(`Expected the gateway's options to be an object, got ${describeValue(asked)}`)
  }
  const known = new Set<string>([...optionTable.map(row => row.name), ...programOptions])
  for (const name of Object.keys(asked)) {
    if (!known.has(name))
      throw errors.optionInvalid(
        `There is no option \`${name}\`; ${suggestOrList(name, [...known], 'options')}`
      )
  }
  const plain: Record<string, string | number> = {}
  for (const row of optionTable) plain[row.name] = checkOption(row, readPath(row, asked[row.name]))
  if ((plain['tlsCert'] === '') !== (plain['tlsKey'] === ''))
    throw errors.optionInvalid(
      'Expected `tlsCert` and `tlsKey` both, or neither: a certificate needs its key'
    )
  const { log, onHandshake, authenticate, onHttpRequest, dev = false, workerArgv } = asked
  const { now = wallClock, monotonic = monotonicClock } = asked
  const functions = { onHandshake, authenticate, onHttpRequest, now, monotonic }
  for (const [name, value] of Object.entries(functions)) {
    if (value !== undefined && typeof value !== 'function') {
      throw errors.optionInvalid(`Expected \`${name}\` to be a function, got ${describeValue(value)}`)
    }
  }
  if (log !== undefined && !logLevels.every(level => typeof log?.[level] === 'function')) {
    throw errors.optionInvalid(
      `Expected \`log\` to be a logger with ${logLevels.join(', ')}, got ${describeValue(log)}`
    )
  }
  if (
    workerArgv !== undefined &&
    !(Array.isArray(workerArgv) && workerArgv.every(each => typeof each === 'string'))
  ) {
    throw errors.optionInvalid(
      `Expected \`workerArgv\` to be a list of texts, got ${describeValue(workerArgv)}`
    )
  }
  if (typeof dev !== 'boolean') {
    throw errors.optionInvalid(`Expected \`dev\` to be true or false, got ${describeValue(dev)}`)
  }
  const options = plain as unknown as PlainOptions
  // Checks these options: each of these throws if it cannot parse its value.
  new Origins(options.origins)
  new Hosts(options.hosts, options.host)
  listEvents(options.events)
  if (options.healthPath !== 'none' && !/^\/[^?#\s]*$/.test(options.healthPath))
    throw errors.optionInvalid(
      `Expected \`healthPath\` to be a path such as /healthz, or none, got ${describeValue(options.healthPath)}`
    )
  return Object.freeze({
    ...options,
    handlers: resolve(options.handlers),
    startPage: onHttpRequest === undefined ? resolveStartPage(options.startPage) : 'off',
    log: new LogDoor({ ...options, log, stream: process.stderr, metrics, now }),
    onHandshake: onHandshake ?? acceptAll,
    authenticate,
    onHttpRequest,
    now,
    monotonic,
    dev,
    workerArgv
  })
}

function resolveStartPage(asked: StartPage): 'on' | 'off' {
  if (asked !== 'auto') return asked
  return process.env['NODE_ENV'] === 'production' ? 'off' : 'on'
}
