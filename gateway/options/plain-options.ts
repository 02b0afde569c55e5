/** The options that are plain values: their names, units, and what happens at each limit. */
import type { LogLevel } from '../../shared/text/log.js'

/** What a second session of a user does to the first. */
export type SingleSession = 'off' | 'reject' | 'kick'

/** What a worker is. */
export type Isolation = 'thread' | 'process'

/** Options that are plain values, and so can come from the command line and the environment too. */
export interface PlainOptions {
  /** The folder of the game's handler modules. No default: a gateway without handlers answers nothing. */
  handlers: string
  /** The address to listen on. */
  host: string
  /** The port to listen on; 0 takes a free one. */
  port: number
  /**
   * The file of the certificate, its chain behind it, as PEM: clients connect by `wss:`. '': there is none.
   */
  tlsCert: string
  /** The file of its key, as PEM, without a passphrase. */
  tlsKey: string
  /** Worker threads. */
  workers: number
  /** The gateway's name, as sessions carry it. */
  frontendId: string
  singleSession: SingleSession
  /**
   * Origins of pages that may connect, with commas between them: `same` (the host that was asked for), `null`
   * (pages without one, of files and sandboxes), `*` (all), or such as `https://game.example`. Others are
   * answered with 403. What sends no Origin, which is no page, always may.
   */
  origins: string
  /**
   * Names under which the gateway is served, with commas between them and without ports: `loopback`
   * (localhost and its addresses), `*` (any), or such as `game.example`. Requests for others are answered
   * with 421, upgrades and pages alike. `auto` is `loopback` where the gateway listens on a loopback address,
   * and `*` elsewhere.
   */
  hosts: string
  /**
   * TCP connections in all, from their accept: WebSockets, and those that open one or ask for a page. Beyond
   * it one that waits for a request makes room; where there is none, a few are answered with 503, and others
   * closed. 0: any number. The open files that the process may have are a limit too.
   */
  maxConnections: number
  /**
   * TCP connections of one address, likewise, an IPv6 one by its /64; beyond it one that was answered and is
   * idle makes room, a few are answered with 429, and others closed. With `trustedProxies` it counts
   * WebSockets, by the address that the proxies say. 0: any number.
   */
  maxConnectionsPerAddress: number
  /**
   * New connections of one address in a second, a burst of twice as many; others are closed without an
   * answer. With `trustedProxies` it counts upgrades, and answers with 429. 0: any number.
   */
  maxConnectionsPerSecondPerAddress: number
  /**
   * Proxies in front of the gateway that append to `X-Forwarded-For`, or, where that is not there, to
   * `Forwarded`: whose word about addresses is taken. A client whose address they do not say has that of the
   * last proxy.
   */
  trustedProxies: number
  /**
   * Milliseconds between heartbeats; a client that is silent for twice as long is closed as `silent`. 0:
   * none.
   */
  heartbeat: number
  /**
   * Milliseconds from a connection's accept until its handshakes (TLS, HTTP, Pomelo's) and `authenticate` are
   * done; then it is closed.
   */
  handshakeTimeout: number
  /**
   * Milliseconds until a request is answered with TIMEOUT, where its handler declares nothing else. 0: never.
   */
  requestTimeout: number
  /** Requests that one session may have waiting and running; beyond it its socket is not read. */
  laneLimit: number
  /** Milliseconds a socket may stay unread before its connection is closed as `slow`. */
  maxPause: number
  /** Bytes that the body of a frame may take; a larger frame closes the connection with 1009. */
  maxBodyBytes: number
  /**
   * Levels of arrays and objects in a body; a deeper one is answered with BODY_MALFORMED. A handshake that is
   * deeper is refused.
   */
  maxBodyDepth: number
  /**
   * Requests and notifies that one session may send in a second, a burst of twice as many; beyond it
   * RATE_LIMITED. 0: any.
   */
  maxRequestsPerSecond: number
  /** Bytes of their bodies, likewise. */
  maxBytesPerSecond: number
  /**
   * Frames of one connection in a second that are no requests, a burst of twice as many: pings and pongs of
   * WebSocket, heartbeats and counts of Pomelo's protocol, text that can't be read. More of them close the
   * connection with 4507. 0: any number.
   */
  maxFramesPerSecond: number
  /** Requests of all sessions that may wait and run; beyond it new ones are refused with OVERLOADED. */
  maxOpenRequests: number
  /** Bytes of their bodies, likewise. */
  maxOpenBytes: number
  /**
   * Milliseconds that requests may wait for a worker; when somebody has waited for longer, or those who come
   * now would have to, they are refused with OVERLOADED. 0: any.
   */
  maxQueueDelay: number
  /** Characters that the keys and the values' texts of one session may take; a push beyond fails. */
  maxSettingsLength: number
  /** Keys of one session's settings; a push of another one fails. */
  maxSettingsKeys: number
  /**
   * Bytes that may wait for one client behind the write that is on its way to it; beyond it the connection is
   * closed as `slow`. That write began when nothing waited. It may be larger, and counts in
   * `maxSendBytesInAll` alone.
   */
  maxSendBytes: number
  /**
   * Bytes that may wait to be sent to all clients; beyond it those that have most waiting are closed as
   * `slow`.
   */
  maxSendBytesInAll: number
  /**
   * Milliseconds that a session waits for a client of ours that dropped, and then ends. 0: it ends at once.
   */
  resumeWindow: number
  /**
   * The same of a session that holds nothing: no user, no settings, no channel, no request that runs.
   * Milliseconds; no more than `resumeWindow` counts. 0: it ends at once.
   */
  unboundResumeWindow: number
  /**
   * Sessions whose client is away; beyond it one ends that is of the address that has most. 0: any number.
   */
  maxDetachedSessions: number
  /** The same of one address, IPv6 by its /64; beyond it the oldest of them ends. 0: any number. */
  maxDetachedSessionsPerAddress: number
  /**
   * Bytes of memory that the sessions whose client is away may take: their settings, and what is kept for
   * each alone. Beyond it one ends that is of the address that takes most.
   */
  maxDetachedBytes: number
  /**
   * Bytes kept for one client until it says that they have come; beyond it the oldest go, and it can't
   * resume.
   */
  maxBacklogBytes: number
  /** Messages kept for one client, likewise. */
  maxBacklogMessages: number
  /** Bytes kept for all clients; beyond it those that have most kept lose their oldest. */
  maxBacklogBytesInAll: number
  /**
   * Operations that one request may ask for (pushes, events, joins …); one more fails with
   * TOO_MANY_OPERATIONS. And lines that it may log; further ones are dropped, and counted in a line. 0: any
   * number.
   */
  maxOperationsPerRequest: number
  /** Channels that one session may be in; to join another one fails. */
  maxChannels: number
  /** Sessions that may be in one channel; another one can't join. */
  maxMembers: number
  /**
   * What a worker is. A `thread` shares the gateway's process: an allocation that V8 can't get ends both. A
   * `process` ends alone, but costs more, and all that it was handed counts as started: `docs/guarantees.md`.
   */
  isolation: Isolation
  /**
   * Megabytes that the old objects of one worker's heap may take; beyond it the worker is ended and replaced.
   * Buffers are not counted, and in a thread V8 can't keep to it in all cases: `docs/guarantees.md`. 0:
   * Node's own limit.
   */
  workerHeap: number
  /**
   * Milliseconds that a worker's event loop may stand still, and that a worker may take no work although
   * requests wait for it; beyond it the worker is ended and replaced. 0: any.
   */
  stuckAfter: number
  /**
   * Handlers that may hang in one worker: they did not end by their request's deadline, nor later. With so
   * many the worker is replaced: once its replacement is up it takes no more, and it is ended when what else
   * runs there is decided.
   */
  maxGivenUpHandlers: number
  /** Milliseconds that a worker may take to load its handlers. */
  startTimeout: number
  /**
   * Milliseconds that a close waits for running requests; then for each onClose; then for the workers'
   * onStop.
   */
  closeTimeout: number
  /** Milliseconds that a drain waits for requests that wait and run. */
  drainTimeout: number
  /**
   * Milliseconds over which a drain spreads the closes of connections, and within which clients are told to
   * come back.
   */
  drainSpread: number
  /** Lines below this level are not logged. */
  logLevel: LogLevel | 'silent'
  /**
   * Lines of the log with the same message, fields aside, in a second; of those beyond it only their number
   * is logged.
   */
  maxLogLinesPerSecond: number
}
