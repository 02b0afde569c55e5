/** The options that limit requests, bodies, settings, and what waits to be sent. */
import { bytes, count, ms, type OptionRow } from './option-row.js'

export interface LimitOptions {
  /** Requests of one session that may wait and run. At the limit, its socket is not read. Default: 64. */
  laneLimit: number
  /**
   * Milliseconds that a socket may stay unread before its connection is closed as `slow`. Default: 30,000.
   */
  maxPause: number
  /**
   * Bytes of a body. A larger one is answered with BODY_TOO_LARGE; a message of more than four times as many
   * closes the connection with 1009. Default: 65,536.
   */
  maxBodyBytes: number
  /**
   * Levels of arrays and objects in a body. A deeper one is answered with BODY_MALFORMED; a deeper handshake
   * is refused. Default: 64.
   */
  maxBodyDepth: number
  /**
   * Requests and notifies of one session per second, with a burst of twice as many. Beyond it, they are
   * refused with RATE_LIMITED. 0: any number. Default: 1,000.
   */
  maxRequestsPerSecond: number
  /**
   * Bytes of any kind that the client of one session sends per second, with a burst of twice as many. Beyond
   * it, requests are refused with RATE_LIMITED. 0: any number. Default: 1,048,576.
   */
  maxBytesPerSecond: number
  /**
   * Frames of one connection per second that are not requests, with a burst of twice as many: pings and pongs
   * of WebSocket, heartbeats and counts of Pomelo's protocol, text that cannot be read. Beyond it, the
   * connection is closed with 4507. 0: any number. Default: 1,000.
   */
  maxFramesPerSecond: number
  /**
   * Requests of all sessions that may wait and run. Beyond it, new ones are refused with OVERLOADED. Default:
   * 100,000.
   */
  maxOpenRequests: number
  /**
   * Bytes of the bodies of all requests that wait and run. Beyond it, new requests are refused with
   * OVERLOADED. Default: 134,217,728.
   */
  maxOpenBytes: number
  /**
   * Milliseconds that requests may wait for a worker. New requests are refused with OVERLOADED if one has
   * waited longer, or if they are expected to. 0: any time. Default: 3,000.
   */
  maxQueueDelay: number
  /**
   * Characters of one session's settings: their keys, and their values as texts. A push beyond it fails.
   * Default: 65,536.
   */
  maxSettingsLength: number
  /** Keys of one session's settings. A push of one more fails. Default: 1,024. */
  maxSettingsKeys: number
  /**
   * Bytes that may wait for one client behind the current write. Beyond it, the connection is closed as
   * `slow`. The current write, which began when nothing waited, does not count here but in
   * `maxSendBytesInAll`. Default: 1,048,576.
   */
  maxSendBytes: number
  /**
   * Bytes that may wait to be sent to all clients together. Beyond it, clients with more than an equal share
   * are closed as `slow`. Default: 268,435,456.
   */
  maxSendBytesInAll: number
}

export const limitOptions = [
  {
    name: 'laneLimit',
    // At least one that runs, such as onConnect, and one that waits: else the ack would not be read.
    check: count(2, 65_536),
    defaultValue: 64,
    help: 'open requests of one session at which its socket is no longer read'
  },
  {
    name: 'maxPause',
    check: ms(1),
    defaultValue: 30_000,
    help: 'time that a socket may stay unread before it is closed as slow'
  },
  {
    name: 'maxBodyBytes',
    check: bytes(1, 16_000_000),
    defaultValue: 65_536,
    help: 'largest body; a larger one is answered with BODY_TOO_LARGE, and one of more than 4 times that closes the connection with 1009'
  },
  {
    name: 'maxBodyDepth',
    // At least 4, because the levels of a handshake are limited too.
    check: count(4, 1_000),
    defaultValue: 64,
    help: 'levels of arrays and objects in a body; a deeper one is answered with BODY_MALFORMED'
  },
  {
    name: 'maxRequestsPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 1_000,
    help: 'requests and notifies of one session a second; 0: any number'
  },
  {
    name: 'maxBytesPerSecond',
    check: bytes(0),
    defaultValue: 1_048_576,
    help: "bytes of any kind that a session's connection may send in a second; 0: any number"
  },
  {
    name: 'maxFramesPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 1_000,
    help: 'frames other than requests, such as pings, that a connection may send in a second; more close it with 4507; 0: any number'
  },
  {
    name: 'maxOpenRequests',
    check: count(1, 100_000_000),
    defaultValue: 100_000,
    help: 'requests that may wait or run before new ones are refused'
  },
  {
    name: 'maxOpenBytes',
    check: bytes(1_024),
    defaultValue: 134_217_728,
    help: 'bytes that the bodies of waiting and running requests may take before new ones are refused'
  },
  {
    name: 'maxQueueDelay',
    check: ms(0),
    defaultValue: 3_000,
    help: 'time that a request may wait for a worker before new ones are refused; 0: any time'
  },
  {
    name: 'maxSettingsLength',
    check: count(1, 268_435_456),
    defaultValue: 65_536,
    help: "characters of a session's settings; a push that would exceed them fails"
  },
  {
    name: 'maxSettingsKeys',
    check: count(1, 1_000_000),
    defaultValue: 1_024,
    help: "keys of a session's settings; a push that would exceed them fails"
  },
  {
    name: 'maxSendBytes',
    check: bytes(1_024, 2_147_483_647),
    defaultValue: 1_048_576,
    help: 'bytes that may wait for one client, behind the write in progress, before it is closed as slow'
  },
  {
    name: 'maxSendBytesInAll',
    check: bytes(1_024),
    defaultValue: 268_435_456,
    help: 'bytes that may wait for all clients before those with more than an equal share are closed as slow'
  }
] as const satisfies readonly OptionRow[]
