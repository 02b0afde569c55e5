/**
 * The table of all options that are plain values: checks, defaults and help texts.
 *
 * The library takes an option by its name, the command line as `--flag`, the environment as `SALLYPORT_…`. A
 * test holds `docs/reference/options.md` to this table.
 */
import { availableParallelism } from 'node:os'
import { logLevels } from '../../shared/text/log.js'
import { count, ms, type OptionRow } from './option-row.js'
import { resumeOptions } from './resume-options.js'

export const optionTable: readonly OptionRow[] = [
  {
    name: 'handlers',
    check: { type: 'text' },
    defaultValue: undefined,
    help: 'folder of the handler modules'
  },
  { name: 'host', check: { type: 'text' }, defaultValue: '127.0.0.1', help: 'address to listen on' },
  { name: 'port', check: count(0, 65535), defaultValue: 3010, help: 'port to listen on; 0 takes a free one' },
  {
    name: 'tlsCert',
    check: { type: 'file' },
    defaultValue: '',
    help: 'the certificate and its chain, as PEM, for wss (default: none)'
  },
  {
    name: 'tlsKey',
    check: { type: 'file' },
    defaultValue: '',
    help: "the certificate's key, as PEM (default: none)"
  },
  {
    name: 'workers',
    check: count(1, 256),
    defaultValue: availableParallelism(),
    help: 'worker threads (default: as many as the machine has cores)'
  },
  {
    name: 'frontendId',
    check: { type: 'text' },
    defaultValue: 'gateway-1',
    help: "the gateway's name, as sessions carry it"
  },
  {
    name: 'singleSession',
    check: { type: 'word', words: ['off', 'reject', 'kick'] },
    defaultValue: 'off',
    help: 'what a second bind of a user does: nothing, fail, or kick the first session'
  },
  {
    name: 'origins',
    check: { type: 'text' },
    defaultValue: 'same',
    help: 'pages that may connect: same, null, *, or origins with commas between them'
  },
  {
    name: 'hosts',
    check: { type: 'text' },
    defaultValue: 'auto',
    help: 'names that requests may be for: auto, loopback, *, or names with commas between them'
  },
  {
    name: 'maxConnections',
    check: count(0, 10_000_000),
    defaultValue: 50_000,
    help: 'TCP connections in all; 0: any number'
  },
  {
    name: 'maxConnectionsPerAddress',
    check: count(0, 10_000_000),
    defaultValue: 0,
    help: 'TCP connections of one address; 0: any number'
  },
  {
    name: 'maxConnectionsPerSecondPerAddress',
    check: count(0, 1_000_000),
    defaultValue: 0,
    help: 'new connections of one address a second, such as 100; 0: any number'
  },
  {
    name: 'trustedProxies',
    check: count(0, 16),
    defaultValue: 0,
    help: 'proxies in front that append to X-Forwarded-For, or to Forwarded'
  },
  {
    name: 'heartbeat',
    check: ms(0),
    defaultValue: 30_000,
    help: 'ms between heartbeats; silence of twice as long closes; 0: none'
  },
  {
    name: 'handshakeTimeout',
    check: ms(1),
    defaultValue: 10_000,
    help: 'ms until an unfinished handshake closes'
  },
  {
    name: 'requestTimeout',
    check: ms(0),
    defaultValue: 10_000,
    help: 'ms until a request is answered with TIMEOUT; 0: never'
  },
  {
    name: 'laneLimit',
    check: count(1, 65_536),
    defaultValue: 64,
    help: 'requests of one session before its socket is not read'
  },
  {
    name: 'maxPause',
    check: ms(1),
    defaultValue: 30_000,
    help: 'ms a socket may stay unread before it is closed as slow'
  },
  {
    name: 'maxBodyBytes',
    check: count(1, 16_000_000),
    defaultValue: 65_536,
    help: 'bytes of a body; a larger one is answered with BODY_TOO_LARGE, beyond 4 times closed with 1009'
  },
  {
    name: 'maxBodyDepth',
    // At least 4, since a handshake is nested itself.
    check: count(4, 1_000),
    defaultValue: 64,
    help: 'levels of arrays and objects in a body; deeper ones are BODY_MALFORMED'
  },
  {
    name: 'maxRequestsPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 1_000,
    help: 'requests and notifies of one session a second; 0: any number'
  },
  {
    name: 'maxBytesPerSecond',
    check: count(0, Number.MAX_SAFE_INTEGER),
    defaultValue: 1_048_576,
    help: 'bytes that the connection of one session brings a second, all of them; 0: any number'
  },
  {
    name: 'maxFramesPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 1_000,
    help: 'pings, heartbeats and other frames of one connection that are no requests, a second; more close with 4507; 0: any number'
  },
  {
    name: 'maxOpenRequests',
    check: count(1, 100_000_000),
    defaultValue: 100_000,
    help: 'requests that wait or run before new ones are refused'
  },
  {
    name: 'maxOpenBytes',
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 134_217_728,
    help: 'bytes of their bodies before new ones are refused'
  },
  {
    name: 'maxQueueDelay',
    check: ms(0),
    defaultValue: 3_000,
    help: 'ms to wait for a worker before new requests are refused; 0: any'
  },
  {
    name: 'maxSettingsLength',
    check: count(1, 268_435_456),
    defaultValue: 65_536,
    help: "characters of a session's settings; a push beyond fails"
  },
  {
    name: 'maxSettingsKeys',
    check: count(1, 1_000_000),
    defaultValue: 1_024,
    help: "keys of a session's settings; a push of another one fails"
  },
  {
    name: 'maxSendBytes',
    check: count(1024, 2_147_483_647),
    defaultValue: 1_048_576,
    help: 'bytes waiting for one client, behind the write on its way, before it is closed as slow'
  },
  {
    name: 'maxSendBytesInAll',
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 268_435_456,
    help: 'bytes waiting for all clients before the greediest are closed as slow'
  },
  ...resumeOptions,
  {
    name: 'maxOperationsPerRequest',
    check: count(0, 10_000_000),
    defaultValue: 10_000,
    help: 'operations, and lines of the log, of one request; 0: any number'
  },
  {
    name: 'maxChannels',
    check: count(1, 1_000_000),
    defaultValue: 64,
    help: 'channels one session may be in'
  },
  { name: 'maxMembers', check: count(1, 10_000_000), defaultValue: 100_000, help: 'sessions in one channel' },
  {
    name: 'isolation',
    check: { type: 'word', words: ['thread', 'process'] },
    defaultValue: 'thread',
    help: 'what a worker is: a thread, or a process of its own'
  },
  {
    name: 'workerHeap',
    check: count(0, 1_048_576),
    defaultValue: 0,
    help: "megabytes of a worker's heap before it is replaced; 0: Node's limit"
  },
  {
    name: 'stuckAfter',
    check: ms(0),
    defaultValue: 5_000,
    help: "ms that a worker's event loop may stand still, or a worker take no work that waits; 0: any"
  },
  {
    name: 'maxGivenUpHandlers',
    // Each occupies one of the 4,096 slots of its worker.
    check: count(1, 3_000),
    defaultValue: 1_000,
    help: 'handlers that may hang in a worker past their deadlines before it is replaced'
  },
  {
    name: 'startTimeout',
    check: ms(1),
    defaultValue: 30_000,
    help: 'ms a worker may take to load its handlers'
  },
  {
    name: 'closeTimeout',
    check: ms(0),
    defaultValue: 4_000,
    help: 'ms a close waits for requests, then hooks'
  },
  {
    name: 'drainTimeout',
    check: ms(0),
    defaultValue: 30_000,
    help: 'ms a drain (SIGTERM) waits for requests'
  },
  {
    name: 'drainSpread',
    check: ms(0),
    defaultValue: 2_000,
    help: 'ms over which a drain sends clients away; 0: all at once'
  },
  {
    name: 'logLevel',
    check: { type: 'word', words: [...logLevels, 'silent'] },
    defaultValue: 'info',
    help: 'least level that is logged'
  },
  {
    name: 'maxLogLinesPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 10,
    help: 'lines of the log with one text a second; more are told as a count; 0: any number'
  }
]
