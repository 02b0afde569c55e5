/**
 * The table of all options that are plain values: checks, defaults and help texts.
 *
 * A program sets an option by its name, the command line as `--flag`, the environment as `SALLYPORT_…`. A
 * test compares `docs/reference/options.md` with this table.
 */
import { availableParallelism } from 'node:os'
import { logLevels } from '../../shared/text/log.js'
import { internalOptions } from './internal-options.js'
import { count, ms, type OptionRow } from './option-row.js'
import { resumeOptions } from './resume-options.js'

export const optionTable: readonly OptionRow[] = [
  {
    name: 'handlers',
    check: { type: 'folder' },
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
    help: 'number of workers, which run the handlers (default: as many as the machine has cores)'
  },
  {
    name: 'frontendId',
    check: { type: 'text' },
    defaultValue: 'gateway-1',
    help: "the gateway's name, which is the frontendId of its sessions"
  },
  {
    name: 'events',
    check: { type: 'text' },
    defaultValue: 'none',
    help: 'events that get a code in the dictionary of Pomelo clients, comma-separated; none: no events'
  },
  {
    name: 'singleSession',
    check: { type: 'word', words: ['off', 'reject', 'kick'] },
    defaultValue: 'off',
    help: 'what happens when a user binds a second session: both stay, the bind fails, or the first session is kicked'
  },
  {
    name: 'origins',
    check: { type: 'text' },
    defaultValue: 'same',
    help: 'pages that may connect, comma-separated: same, null, *, origins'
  },
  {
    name: 'hosts',
    check: { type: 'text' },
    defaultValue: 'auto',
    help: 'hosts that requests may be for, comma-separated: auto, loopback, *, names'
  },
  {
    name: 'startPage',
    check: { type: 'word', words: ['auto', 'on', 'off'] },
    defaultValue: 'auto',
    help: 'whether a page that calls routes is served, if the host serves no page; auto: off if NODE_ENV is production, else on'
  },
  ...internalOptions,
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
    help: 'ms between heartbeats; a connection that is silent for twice as long is closed; 0: none'
  },
  {
    name: 'handshakeTimeout',
    check: ms(1),
    defaultValue: 10_000,
    help: 'ms until a connection with an unfinished handshake is closed'
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
    help: 'open requests of one session at which its socket is no longer read'
  },
  {
    name: 'maxPause',
    check: ms(1),
    defaultValue: 30_000,
    help: 'ms that a socket may stay unread before it is closed as slow'
  },
  {
    name: 'maxBodyBytes',
    check: count(1, 16_000_000),
    defaultValue: 65_536,
    help: 'largest body in bytes; a larger one is answered with BODY_TOO_LARGE, and one of more than 4 times that closes the connection with 1009'
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
    check: count(0, Number.MAX_SAFE_INTEGER),
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
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 134_217_728,
    help: 'bytes that the bodies of waiting and running requests may take before new ones are refused'
  },
  {
    name: 'maxQueueDelay',
    check: ms(0),
    defaultValue: 3_000,
    help: 'ms that a request may wait for a worker before new ones are refused; 0: any time'
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
    check: count(1024, 2_147_483_647),
    defaultValue: 1_048_576,
    help: 'bytes that may wait for one client, behind the write in progress, before it is closed as slow'
  },
  {
    name: 'maxSendBytesInAll',
    check: count(1024, Number.MAX_SAFE_INTEGER),
    defaultValue: 268_435_456,
    help: 'bytes that may wait for all clients before those with more than an equal share are closed as slow'
  },
  ...resumeOptions,
  {
    name: 'maxOperationsPerRequest',
    check: count(0, 10_000_000),
    defaultValue: 10_000,
    help: 'operations of one request, and lines that it may log; 0: any number'
  },
  {
    name: 'maxChannels',
    check: count(1, 1_000_000),
    defaultValue: 64,
    help: 'channels that one session may be in'
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
    help: 'ms that a worker may block its event loop, or take no requests although some wait, before it is replaced; 0: any time'
  },
  {
    name: 'maxGivenUpHandlers',
    // Each handler that hangs occupies one of the 4,096 slots of its worker.
    check: count(1, 3_000),
    defaultValue: 1_000,
    help: 'handlers that may hang in a worker past their deadlines before it is replaced'
  },
  {
    name: 'startTimeout',
    check: ms(1),
    defaultValue: 30_000,
    help: 'ms that a worker may take to load its handlers'
  },
  {
    name: 'closeTimeout',
    check: ms(0),
    defaultValue: 4_000,
    help: 'ms that a close waits for requests, and then for hooks'
  },
  {
    name: 'drainTimeout',
    check: ms(0),
    defaultValue: 30_000,
    help: 'ms that a drain (SIGTERM) waits for requests'
  },
  {
    name: 'drainSpread',
    check: ms(0),
    defaultValue: 2_000,
    help: 'ms over which a drain disconnects clients; 0: all at once'
  },
  {
    name: 'devPoll',
    check: ms(0),
    defaultValue: 0,
    help: 'with --dev: ms between two looks at each file, where the system reports no changes; 0: it reports them'
  },
  {
    name: 'logLevel',
    check: { type: 'word', words: [...logLevels, 'silent'] },
    defaultValue: 'info',
    help: 'lowest level that is logged'
  },
  {
    name: 'maxLogLinesPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 10,
    help: 'lines with the same message that are logged in a second; the rest is counted; 0: any number'
  }
]
