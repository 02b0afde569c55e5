/**
 * The table of all options that are plain values: checks, defaults and help texts.
 *
 * A program and a configuration file set an option by its name, the command line as `--flag`, the environment
 * as `SALLYPORT_…`. A test compares `docs/reference/options.md` with this table.
 */
import { availableParallelism } from 'node:os'
import { allGateways } from '../../shared/address.js'
import { logLevels } from '../../shared/text/log.js'
import { clusterOptions, defaultFrontendId } from './cluster-options.js'
import { internalOptions } from './internal-options.js'
import { limitOptions } from './limit-options.js'
import {
  count,
  type DurationCheck,
  type ListCheck,
  megabytes,
  ms,
  type OptionRow,
  type SizeCheck
} from './option-row.js'
import { resumeOptions } from './resume-options.js'

const rows = [
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
    check: { type: 'text', not: allGateways },
    defaultValue: defaultFrontendId,
    help: "the gateway's name, which is the frontendId of its sessions"
  },
  {
    name: 'events',
    check: { type: 'list' },
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
    check: { type: 'list' },
    defaultValue: 'same',
    help: 'pages that may connect, comma-separated: same, null, *, origins'
  },
  {
    name: 'hosts',
    check: { type: 'list' },
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
    help: 'time between heartbeats; a connection that is silent for twice as long is closed; 0: none'
  },
  {
    name: 'handshakeTimeout',
    check: ms(1),
    defaultValue: 10_000,
    help: 'time until a connection with an unfinished handshake is closed'
  },
  {
    name: 'requestTimeout',
    check: ms(0),
    defaultValue: 10_000,
    help: 'time until a request is answered with TIMEOUT; 0: never'
  },
  ...limitOptions,
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
  ...clusterOptions,
  {
    name: 'isolation',
    check: { type: 'word', words: ['thread', 'process'] },
    defaultValue: 'thread',
    help: 'what a worker is: a thread, or a process of its own'
  },
  {
    name: 'workerHeap',
    check: megabytes(0, 1_048_576),
    defaultValue: 0,
    help: "size of a worker's heap at which it is replaced, at least 16MiB; 0: Node's limit"
  },
  {
    name: 'stuckAfter',
    check: ms(0),
    defaultValue: 5_000,
    help: 'time that a worker may block its event loop, or take no requests although some wait, before it is replaced; 0: any time'
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
    help: 'time that a worker may take to load its handlers'
  },
  {
    name: 'closeTimeout',
    check: ms(0),
    defaultValue: 4_000,
    help: 'time for each step of a close: requests, clients that still read, onClose, onStop'
  },
  {
    name: 'drainTimeout',
    check: ms(0),
    defaultValue: 30_000,
    help: 'time that a drain (SIGTERM) waits for requests'
  },
  {
    name: 'drainSpread',
    check: ms(0),
    defaultValue: 2_000,
    help: 'time over which a drain disconnects clients; 0: all at once'
  },
  {
    name: 'dev',
    check: { type: 'boolean' },
    defaultValue: false,
    help: 'run TypeScript handlers, and load them anew when a file of theirs is saved'
  },
  {
    name: 'devPoll',
    check: ms(0),
    defaultValue: 0,
    help: 'with --dev: time between two looks at each file, where the system reports no changes; 0: it reports them'
  },
  {
    name: 'logLevel',
    check: { type: 'word', words: [...logLevels, 'silent'] },
    defaultValue: 'info',
    help: 'lowest level that is logged'
  },
  {
    name: 'logFormat',
    check: { type: 'word', words: ['auto', 'json', 'text'] },
    defaultValue: 'auto',
    help: 'form of the lines of the log; auto: json if NODE_ENV is production and stderr is no terminal, else text'
  },
  {
    name: 'slowRequest',
    check: ms(0),
    defaultValue: 0,
    help: 'time that a request may take before the log tells of it as slow; 0: any time'
  },
  {
    name: 'tracing',
    check: { type: 'boolean' },
    defaultValue: false,
    help: 'make spans of OpenTelemetry, by the @opentelemetry/api that the game has installed'
  },
  {
    name: 'maxLogLinesPerSecond',
    check: count(0, 1_000_000),
    defaultValue: 10,
    help: 'lines with the same level and message, and for errors the same route, that are logged in a second; the rest is counted; 0: any number'
  }
] as const satisfies readonly OptionRow[]

export const optionTable: readonly OptionRow[] = rows

type Row = (typeof rows)[number]

/** The options that are times: they may also be given as texts, such as `10s`. */
export type DurationOption = Extract<Row, { readonly check: DurationCheck }>['name']

/** The options that are sizes: they may also be given as texts, such as `64KiB`. */
export type SizeOption = Extract<Row, { readonly check: SizeCheck }>['name']

/** The options that are lists of names: they may also be given as arrays. */
export type ListOption = Extract<Row, { readonly check: ListCheck }>['name']

/** The options that are paths: they may also be given as `file:` URLs. */
export type PathOption = Extract<Row, { readonly check: { readonly type: 'file' | 'folder' } }>['name']
