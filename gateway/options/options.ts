/**
 * The types of a gateway's options: as they are given, and as they are resolved.
 *
 * Options that are plain values are in plain-options.ts. The other ones, which only a program or a
 * configuration file can give, are here. `OptionTree` has the options as they are given. `ResolvedOptions`
 * are the same options, checked and frozen by resolve-options.ts, with every default filled in.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { FullLogger, Logger } from '../../shared/text/log.js'
import type { HostSettings } from '../../shared/values/session-settings.js'
import type { LogRing } from '../telemetry/log-ring.js'
import type { DurationOption, ListOption, PathOption, SizeOption } from './option-table.js'
import type { PlainOptions } from './plain-options.js'
import type { Duration, Size } from './units.js'

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
      readonly settings?: Readonly<Partial<HostSettings>>
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

/** The value of a plain option as a program may give it: a time as `'10s'`, a size as `'64KiB'`. */
export type GivenValue<Name extends keyof PlainOptions> = Name extends DurationOption
  ? Duration
  : Name extends SizeOption
    ? Size
    : Name extends ListOption
      ? string | readonly string[]
      : Name extends PathOption
        ? string | URL
        : PlainOptions[Name]

/** The plain options as a program may give them. */
export type GivenPlainOptions = { [Name in keyof PlainOptions]?: GivenValue<Name> }

/** A hook of the host, which gets the gateway. `Config` has the exact type: this room knows no gateway. */
export type HostHook = (gateway: never) => void | Promise<void>

/** The tree of options: what a program, or a configuration file, may give. */
export interface OptionTree extends GivenPlainOptions {
  /** Called when the gateway listens. Default: nothing. */
  onStart?: HostHook
  /** Called when the gateway has closed. Default: nothing. */
  onStop?: HostHook
  /**
   * The logger, which gets the lines of all levels from `debug` on. If it throws or rejects, only that line
   * is lost. Default: lines on stderr, at `logLevel` and above, in the form of `logFormat`.
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
   * Node's command line options for the workers, e.g. `['--import', './tracing.js']`. Default: those of this
   * process.
   */
  workerArgv?: readonly string[]
}

export interface ResolvedOptions extends Readonly<Omit<PlainOptions, 'startPage' | 'logFormat'>> {
  /** Whether `NODE_ENV` was `production` when the gateway was created. */
  readonly isProduction: boolean
  /** `off` if the host answers HTTP requests itself. */
  readonly startPage: 'on' | 'off'
  /** Form of the log's lines on stderr. */
  readonly logFormat: 'json' | 'text'
  readonly log: FullLogger & {
    /** @internal The last lines. */
    readonly ring: LogRing
    /** @internal */
    close(): void
  }
  readonly onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  readonly authenticate: OptionTree['authenticate'] | undefined
  readonly onHttpRequest: HttpRequestListener | undefined
  readonly onStart: HostHook | undefined
  readonly onStop: HostHook | undefined
  readonly now: () => number
  readonly monotonic: () => number
  readonly workerArgv: readonly string[] | undefined
}

/** The `onHandshake` of a host that gives none. */
export function acceptAll(): HandshakeAnswer {
  return { accept: true }
}
