/**
 * The types of the options that are plain values, with their units, defaults and limits.
 *
 * Values are checked by option-table.ts, which also has the defaults.
 */
import type { LogLevel } from '../../shared/text/log.js'
import type { ClusterOptions } from './cluster-options.js'
import type { LimitOptions } from './limit-options.js'
import type { ResumeOptions } from './resume-options.js'

/**
 * The reaction if a user is bound to a second session: `off` allows it, `reject` fails the second bind,
 * `kick` ends the first session.
 */
export type SingleSession = 'off' | 'reject' | 'kick'

/** The place where a worker runs: a thread of the gateway's process, or a process of its own. */
export type Isolation = 'thread' | 'process'

/**
 * Whether the gateway serves its start page: `auto` means `off` if `NODE_ENV` is `production`, else `on`.
 */
export type StartPage = 'auto' | 'on' | 'off'

/** Options that are plain values, and so can come from the command line and the environment too. */
export interface PlainOptions extends ClusterOptions, LimitOptions, ResumeOptions {
  /**
   * The folder of the game's handler modules. No default: it must be given, since a gateway without handlers
   * answers nothing.
   */
  handlers: string
  /** The address to listen on. Default: `127.0.0.1`. */
  host: string
  /** The port to listen on; 0 takes a free one. Default: 3010. */
  port: number
  /**
   * The PEM file of the certificate, followed by its chain. With it, clients connect by `wss:`. Default: '',
   * no TLS.
   */
  tlsCert: string
  /**
   * The PEM file of the certificate's key, without a passphrase. Needed exactly if `tlsCert` is set. Default:
   * ''.
   */
  tlsKey: string
  /** Number of workers. Default: the number of cores of the machine. */
  workers: number
  /**
   * The gateway's name, which sessions carry. In a cluster each gateway has its own, of at most 256 bytes.
   * Default: `gateway-1`.
   */
  frontendId: string
  /**
   * Names of events that get a code in the dictionary of Pomelo clients, separated by commas. The frames of
   * these events have the code in place of the name. Default: `none`.
   */
  events: string
  /** The reaction if a user is bound to a second session. Default: `off`, which allows it. */
  singleSession: SingleSession
  /**
   * Origins of the pages that may connect, separated by commas: `same` (the host of the request), `null`
   * (pages without an origin, from files and sandboxes), `*` (all), or an origin such as
   * `https://game.example`. A page of another origin is answered with 403. A client that sends no `Origin` is
   * not a browser, and may always connect. Default: `same`.
   */
  origins: string
  /**
   * Host names under which the gateway is served, separated by commas and without ports: `loopback`
   * (localhost and its addresses), `*` (any), or a name such as `game.example`. A request for another host is
   * answered with 421, be it an upgrade or a page. `auto` means `loopback` if the gateway listens on a
   * loopback address, else `*`. Default: `auto`.
   */
  hosts: string
  /**
   * Whether the gateway serves its start page, which calls routes and shows replies and events, to any
   * browser that reaches it. Without it, plain HTTP requests are answered with 426. A host that gives
   * `onHttpRequest` serves its own pages, whatever this option says. `auto` means `off` if the environment
   * variable `NODE_ENV` is `production`, else `on`. Default: `auto`.
   */
  startPage: StartPage
  /**
   * The port for health checks, metrics and the console, which is not for players. `auto` takes 3011, or the
   * next one that is free, up to 3020; where `NODE_ENV` is `production`, only 3011; and any free port if
   * `port` is 0. `off`: no internal port. Default: `off`; on the command line `auto`.
   */
  internalPort: number | 'auto' | 'off'
  /** The address of the internal port. Whoever reaches it reads health and metrics. Default: `127.0.0.1`. */
  internalHost: string
  /**
   * The token of the console, of 16 to 1,000 characters of ASCII: a secret. Default: a new one; in production
   * none.
   */
  consoleToken: string
  /** Whether the console only shows, and changes nothing. Default: false. */
  consoleReadOnly: boolean
  /** A path of the public port that tells whether the gateway is ready, by 200 or 503. Default: `none`. */
  healthPath: string
  /**
   * TCP connections in all, from their accept: WebSockets, and connections that ask for an upgrade or a page.
   * At the limit, a connection that waits for a request is closed to make room. If no connection waits, a few
   * new ones are answered with 503, and the others closed. The number of files that the process may open is a
   * limit too. 0: any number. Default: 50,000.
   */
  maxConnections: number
  /**
   * TCP connections of one address; an IPv6 address counts by its /64. At the limit, a connection that was
   * answered and is idle is closed to make room. If no connection is idle, a few new ones are answered with
   * 429, and the others closed. With `trustedProxies`, this counts WebSockets by the address that the proxies
   * name. 0: any number. Default: 0.
   */
  maxConnectionsPerAddress: number
  /**
   * New connections of one address per second, with a burst of twice as many. Beyond it, connections are
   * closed without an answer. With `trustedProxies`, this counts upgrades, and refuses them with 429. 0: any
   * number. Default: 0.
   */
  maxConnectionsPerSecondPerAddress: number
  /**
   * Number of proxies in front of the gateway that append to `X-Forwarded-For`, or to `Forwarded` if there is
   * no such header. The gateway trusts the addresses that they name. If they name none, the client has the
   * address of the last proxy. Default: 0.
   */
  trustedProxies: number
  /**
   * Milliseconds between heartbeats. A client that is silent for twice as long is closed as `silent`. 0: no
   * heartbeats. Default: 30,000.
   */
  heartbeat: number
  /**
   * Milliseconds from a connection's accept until its handshakes (TLS, HTTP, Pomelo's) and `authenticate`
   * must be completed; else it is closed. Default: 10,000.
   */
  handshakeTimeout: number
  /**
   * Milliseconds until a request is answered with TIMEOUT, unless its handler declares its own timeout. 0:
   * never. Default: 10,000.
   */
  requestTimeout: number
  /**
   * Operations that one request may ask for (pushes, events, joins …); one more fails with
   * TOO_MANY_OPERATIONS. Also the lines that it may log: further ones are dropped, and one line tells how
   * many. 0: any number. Default: 10,000.
   */
  maxOperationsPerRequest: number
  /** Channels that one session may be in. Joining one more fails. Default: 64. */
  maxChannels: number
  /** Sessions that may be in one channel. One more cannot join. Default: 100,000. */
  maxMembers: number
  /**
   * The place where a worker runs. A `thread` shares the gateway's process: an allocation that V8 cannot get
   * ends both. A `process` ends alone, but costs more, and all requests that were handed to it count as
   * started: see `docs/guarantees.md`. Default: `thread`.
   */
  isolation: Isolation
  /**
   * Megabytes of the old generation in one worker's heap. Beyond it, the worker is ended and replaced.
   * Buffers are not counted, and in a thread V8 cannot keep the limit in all cases: see `docs/guarantees.md`.
   * At least 16, or 0: Node's own limit. Default: 0.
   */
  workerHeap: number
  /**
   * Milliseconds that a worker's event loop may be blocked, and that a worker may start no request although
   * requests wait for it. Beyond it, the worker is ended and replaced. 0: any time. Default: 5,000.
   */
  stuckAfter: number
  /**
   * Handlers that may hang in one worker: they still run after their request's deadline. At the limit the
   * worker is replaced: when its replacement runs, the old worker gets no more requests, and ends when its
   * other requests are decided. Default: 1,000.
   */
  maxGivenUpHandlers: number
  /** Milliseconds that a worker may take to load its handlers; then its start has failed. Default: 30,000. */
  startTimeout: number
  /**
   * Milliseconds that a close waits: first for running requests, then for each `onClose`, then for the
   * workers' `onStop`. Default: 4,000.
   */
  closeTimeout: number
  /** Milliseconds that a drain waits for requests that wait and run. Default: 30,000. */
  drainTimeout: number
  /**
   * Milliseconds over which a drain spreads the closes of connections, and within which it tells clients to
   * come back. 0: all at once. Default: 2,000.
   */
  drainSpread: number
  /**
   * Development mode: loads TypeScript handlers without a build, and reloads all handlers when a file that
   * they have loaded changes. Default: false.
   */
  dev: boolean
  /**
   * Milliseconds between two looks at each file in development mode, for file systems that report no changes,
   * such as a folder of the host in a virtual machine. 0: the system reports changes. Default: 0.
   */
  devPoll: number
  /** Least level of the lines that are logged. Default: `info`. */
  logLevel: LogLevel | 'silent'
  /** Form of the log's lines; `auto`: `json` if `NODE_ENV` is `production` and stderr is no terminal. */
  logFormat: 'auto' | 'json' | 'text'
  /** Milliseconds of a request from which on the log tells of it as slow; 0: never. Default: 0. */
  slowRequest: number
  /** Whether spans of OpenTelemetry are made, by the `@opentelemetry/api` of the game. Default: false. */
  tracing: boolean
  /**
   * Lines of the log per second with the same level and message, and for errors the same route. Beyond it,
   * only their number is logged. 0: any number. Default: 10.
   */
  maxLogLinesPerSecond: number
}
