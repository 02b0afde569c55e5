/**
 * What a gateway can be told: the options that are plain values (option-table.ts), and those that only the
 * library takes.
 *
 * Asked for: GatewayOptions. Resolved, frozen, with every default filled in: ResolvedOptions.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { describeValue } from '../../shared/check.js'
import { monotonicClock, wallClock } from '../../shared/clock.js'
import { errors } from '../../shared/errors.js'
import { type Logger, logLevels } from '../../shared/text/log.js'
import { Hosts } from '../addresses/hosts.js'
import { Origins } from '../addresses/origins.js'
import { LogDoor } from '../telemetry/log-door.js'
import { Metrics } from '../telemetry/metrics.js'
import { checkOption } from './option-row.js'
import { optionTable } from './option-table.js'
import type { PlainOptions } from './plain-options.js'

/** What is known of a client when it shakes hands. */
export interface HandshakeInfo {
  /** What the client says it is, e.g. `js-websocket`; '' if it says nothing. */
  readonly type: string
  readonly version: string
  /** The client's own data, as it sent it: nobody has checked it. */
  readonly user: unknown
  readonly address: ClientAddress
}

/** What a handshake hook answers. `user` is passed on to the client. */
export type HandshakeAnswer =
  | { readonly accept: true; readonly user?: unknown }
  | { readonly accept: false; readonly outdated?: boolean; readonly user?: unknown }

/** What is known of a client before there is a session for it. Nobody has checked any of it. */
export interface AuthenticationRequest {
  /** Of the HTTP request that has opened the connection. */
  readonly headers: IncomingHttpHeaders
  /** Its path and query. */
  readonly url: string
  readonly address: ClientAddress
  /** What a Pomelo client, or ours, says at its handshake; undefined for the text form, which has none. */
  readonly handshake: Omit<HandshakeInfo, 'address'> | undefined
}

/** Who a client is, or why it is not let in. */
export type AuthenticationAnswer =
  | {
      readonly accept: true
      /** The user that its session is bound to; null or nothing: none. */
      readonly uid?: string | null
      /** What its session begins with. */
      readonly settings?: Readonly<Record<string, unknown>>
    }
  | {
      readonly accept: false
      /** For the client, in the text form by a kick. Default: `not let in`. */
      readonly reason?: string
      /** For clients that shake hands: what the refusal has under `user`. Default: `{ reason }`. */
      readonly user?: unknown
    }

/** What a client has said with its upgrade. */
export type Credentials = Pick<AuthenticationRequest, 'headers' | 'url'>

/** Answers an HTTP request that opens no WebSocket. */
export type HttpRequestListener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface ClientAddress {
  readonly ip: string
  readonly port: number
}

export interface GatewayOptions extends Partial<Omit<PlainOptions, 'handlers'>> {
  handlers: string
  /**
   * Where the log goes, at all levels. One that throws, or rejects, loses that line and nothing else.
   * Default: text lines on stderr, at `logLevel` and above.
   */
  log?: Logger
  /**
   * Accepts or refuses a Pomelo client's handshake. Default: accepts. Where it throws, rejects or answers
   * with what is no answer, the client is told to come back later (close code 1013).
   */
  onHandshake?: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  /**
   * Says who a client is, before there is a session for it; asked again when it comes back to its session,
   * and has to name the same user then. Default: all are let in, as nobody. Where it throws, rejects or
   * answers with what is no answer, the client is told to come back later (close code 1013).
   */
  authenticate?: (asked: AuthenticationRequest) => AuthenticationAnswer | Promise<AuthenticationAnswer>
  /** Answers HTTP requests that open no WebSocket: a page, say. Default: 426. One that throws answers 500. */
  onHttpRequest?: HttpRequestListener
  /**
   * The time of day, in milliseconds since 1970: for the log's time stamps, the numbers that sessions get,
   * and the validity of a certificate. No duration depends on it. Default: that of the machine.
   */
  now?: () => number
  /**
   * Milliseconds since some moment, by a clock that only goes on: for deadlines, rates, suspensions and every
   * other duration. A test that moves the time hands in its own. Default: `performance.now`.
   */
  monotonic?: () => number
  /**
   * Development: loads TypeScript handlers by the package tsx, and all anew when a file is saved. Default:
   * false.
   */
  dev?: boolean
  /**
   * Options of Node for the worker threads, e.g. `['--import', './tracing.js']`. Default: those of this
   * process.
   */
  workerArgv?: readonly string[]
}

export interface ResolvedOptions extends Readonly<PlainOptions> {
  readonly log: LogDoor
  readonly onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  readonly authenticate: GatewayOptions['authenticate'] | undefined
  readonly onHttpRequest: HttpRequestListener | undefined
  readonly now: () => number
  readonly monotonic: () => number
  readonly dev: boolean
  readonly workerArgv: readonly string[] | undefined
}

/** Options that are no plain values, and so only a program can give. */
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
 * Checks what was asked for and fills in the defaults.
 *
 * @param metrics counts lines of the log that are lost
 * @throws `OPTION_INVALID`, naming the option, what was expected and what came
 */
export function resolveOptions(asked: GatewayOptions, metrics = new Metrics()): ResolvedOptions {
  if (asked === null || typeof asked !== 'object') {
    throw errors.optionInvalid(`Expected the gateway's options to be an object, got ${describeValue(asked)}`)
  }
  const known = new Set<string>([...optionTable.map(row => row.name), ...programOptions])
  for (const name of Object.keys(asked)) {
    if (!known.has(name))
      throw errors.optionInvalid(`There is no option \`${name}\`; the options are ${[...known].join(', ')}`)
  }
  const plain: Record<string, string | number> = {}
  for (const row of optionTable) plain[row.name] = checkOption(row, asked[row.name])
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
  // Both refuse what they can't read.
  new Origins(options.origins)
  new Hosts(options.hosts, options.host)
  return Object.freeze({
    ...options,
    handlers: resolve(options.handlers),
    log: new LogDoor({ ...options, log, stream: process.stderr, metrics, now }),
    onHandshake: onHandshake ?? (() => ({ accept: true })),
    authenticate,
    onHttpRequest,
    now,
    monotonic,
    dev,
    workerArgv
  })
}
