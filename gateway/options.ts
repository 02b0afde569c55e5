/**
 * What a gateway can be told. The table holds the options that are plain values, once: the library takes them by
 * name, the command line as `--flag`, the environment as `SALLYPORT_…`, and `docs/reference/options.md` lists them,
 * held by a test. What is no plain value (a logger, a hook) only the library takes.
 *
 * Asked for: GatewayOptions. Resolved, frozen, with every default filled in: ResolvedOptions.
 */
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { describeValue } from '../shared/check.js'
import { errors } from '../shared/errors.js'
import { createTextLogger, type Logger, type LogLevel, logLevels } from '../shared/log.js'
import type { HttpRequestListener } from './listener.js'

/** What a second session of a user does to the first. */
export type SingleSession = 'off' | 'reject' | 'kick'

/** Options that are plain values, and so can come from the command line and the environment too. */
export interface PlainOptions {
  /** The folder of the game's handler modules. No default: a gateway without handlers answers nothing. */
  handlers: string
  /** The address to listen on. */
  host: string
  /** The port to listen on; 0 takes a free one. */
  port: number
  /** Worker threads. */
  workers: number
  /** The gateway's name, as sessions carry it. */
  frontendId: string
  singleSession: SingleSession
  /** Milliseconds between heartbeats; a client that is silent for twice as long is closed as `silent`. 0: none. */
  heartbeat: number
  /** Milliseconds until a connection whose handshake is not finished is closed. */
  handshakeTimeout: number
  /** Milliseconds until a request is answered with TIMEOUT, where its handler declares nothing else. 0: never. */
  requestTimeout: number
  /** Requests that one session may have waiting and running; beyond it its socket is not read. */
  laneLimit: number
  /** Milliseconds a socket may stay unread before its connection is closed as `slow`. */
  maxPause: number
  /** Bytes that the body of a frame may take; a larger frame closes the connection with 1009. */
  maxBodyBytes: number
  /** Characters that the keys and the values' texts of one session may take; a push beyond fails. */
  maxSettingsLength: number
  /** Bytes that may wait to be sent to one client; beyond it the connection is closed as `slow`. */
  maxSendBytes: number
  /** Bytes that may wait to be sent to all clients; beyond it those that have most waiting are closed as `slow`. */
  maxSendBytesInAll: number
  /** Channels that one session may be in; to join another one fails. */
  maxChannels: number
  /** Sessions that may be in one channel; another one can't join. */
  maxMembers: number
  /** Milliseconds that a worker may take to load its handlers. */
  startTimeout: number
  /** Milliseconds that a close waits for running requests; then for each onClose; then for the workers' onStop. */
  closeTimeout: number
  /** Lines below this level are not logged. */
  logLevel: LogLevel | 'silent'
}

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

export interface ClientAddress {
  readonly ip: string
  readonly port: number
}

export interface GatewayOptions extends Partial<Omit<PlainOptions, 'handlers'>> {
  handlers: string
  /** Where the log goes. Default: text lines on stderr, at `logLevel` and above. */
  log?: Logger
  /** Accepts or refuses a Pomelo client's handshake. Default: accepts. One that throws refuses. */
  onHandshake?: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  /** Answers HTTP requests that open no WebSocket: a page, say. Default: 426. One that throws answers 500. */
  onHttpRequest?: HttpRequestListener
  /** Milliseconds since 1970. Default: `Date.now`. */
  now?: () => number
  /** Development: loads TypeScript handlers by the package tsx, and all anew when a file is saved. Default: false. */
  dev?: boolean
  /** Options of Node for the worker threads, e.g. `['--import', './tracing.js']`. Default: those of this process. */
  workerArgv?: readonly string[]
}

export interface ResolvedOptions extends Readonly<PlainOptions> {
  readonly log: Logger
  readonly onHandshake: (info: HandshakeInfo) => HandshakeAnswer | Promise<HandshakeAnswer>
  readonly onHttpRequest: HttpRequestListener | undefined
  readonly now: () => number
  readonly dev: boolean
  readonly workerArgv: readonly string[] | undefined
}

type Check =
  | { readonly type: 'text' }
  | { readonly type: 'integer'; readonly least: number; readonly most: number }
  | { readonly type: 'word'; readonly words: readonly string[] }

interface OptionRow {
  readonly name: keyof PlainOptions
  readonly check: Check
  /** The default; undefined: there is none, and the option must be given. */
  readonly standard: string | number | undefined
  /** What `--help` and the documents say. */
  readonly help: string
}

const ms = (least: number): Check => ({ type: 'integer', least, most: 2_147_483_647 })
const count = (least: number, most: number): Check => ({ type: 'integer', least, most })

export const optionTable: readonly OptionRow[] = [
  { name: 'handlers', check: { type: 'text' }, standard: undefined, help: 'folder of the handler modules' },
  { name: 'host', check: { type: 'text' }, standard: '127.0.0.1', help: 'address to listen on' },
  { name: 'port', check: count(0, 65535), standard: 3010, help: 'port to listen on; 0 takes a free one' },
  {
    name: 'workers',
    check: count(1, 256),
    standard: availableParallelism(),
    help: 'worker threads (default: as many as the machine has cores)'
  },
  {
    name: 'frontendId',
    check: { type: 'text' },
    standard: 'gateway-1',
    help: "the gateway's name, as sessions carry it"
  },
  {
    name: 'singleSession',
    check: { type: 'word', words: ['off', 'reject', 'kick'] },
    standard: 'off',
    help: 'what a second bind of a user does: nothing, fail, or kick the first session'
  },
  {
    name: 'heartbeat',
    check: ms(0),
    standard: 30_000,
    help: 'ms between heartbeats; silence of twice as long closes; 0: none'
  },
  {
    name: 'handshakeTimeout',
    check: ms(1),
    standard: 10_000,
    help: 'ms until an unfinished handshake closes'
  },
  {
    name: 'requestTimeout',
    check: ms(0),
    standard: 10_000,
    help: 'ms until a request is answered with TIMEOUT; 0: never'
  },
  {
    name: 'laneLimit',
    check: count(1, 65_536),
    standard: 64,
    help: 'requests of one session before its socket is not read'
  },
  {
    name: 'maxPause',
    check: ms(1),
    standard: 30_000,
    help: 'ms a socket may stay unread before it is closed as slow'
  },
  {
    name: 'maxBodyBytes',
    check: count(1, 16_000_000),
    standard: 65_536,
    help: "bytes of a frame's body; larger ones close with 1009"
  },
  {
    name: 'maxSettingsLength',
    check: count(1, 268_435_456),
    standard: 65_536,
    help: "characters of a session's settings; a push beyond fails"
  },
  {
    name: 'maxSendBytes',
    check: count(1024, 2_147_483_647),
    standard: 1_048_576,
    help: 'bytes waiting for one client before it is closed as slow'
  },
  {
    name: 'maxSendBytesInAll',
    check: count(1024, Number.MAX_SAFE_INTEGER),
    standard: 268_435_456,
    help: 'bytes waiting for all clients before the greediest are closed as slow'
  },
  { name: 'maxChannels', check: count(1, 1_000_000), standard: 64, help: 'channels one session may be in' },
  { name: 'maxMembers', check: count(1, 10_000_000), standard: 100_000, help: 'sessions in one channel' },
  { name: 'startTimeout', check: ms(1), standard: 30_000, help: 'ms a worker may take to load its handlers' },
  { name: 'closeTimeout', check: ms(0), standard: 4_000, help: 'ms a close waits for requests, then hooks' },
  {
    name: 'logLevel',
    check: { type: 'word', words: [...logLevels, 'silent'] },
    standard: 'info',
    help: 'least level that is logged'
  }
]

/** Options that are no plain values, and so only a program can give. */
const programOptions = ['log', 'onHandshake', 'onHttpRequest', 'now', 'dev', 'workerArgv']

/** `handlers` → `handlers`, `frontendId` → `frontend-id`: the option's name on the command line. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `frontendId` → `SALLYPORT_FRONTEND_ID`: the option's name in the environment. */
export function variableOf(name: string): string {
  return `SALLYPORT_${flagOf(name).replaceAll('-', '_').toUpperCase()}`
}

/**
 * Checks what was asked for and fills in the defaults.
 *
 * @throws `OPTION_INVALID`, naming the option, what was expected and what came
 */
export function resolveOptions(asked: GatewayOptions): ResolvedOptions {
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
  const { log, onHandshake, onHttpRequest, now = Date.now, dev = false, workerArgv } = asked
  for (const [name, value] of Object.entries({ onHandshake, onHttpRequest, now })) {
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
  return Object.freeze({
    ...options,
    handlers: resolve(options.handlers),
    log: log ?? createTextLogger(options.logLevel, line => process.stderr.write(`${line}\n`), now),
    onHandshake: onHandshake ?? (() => ({ accept: true })),
    onHttpRequest,
    now,
    dev,
    workerArgv
  })
}

function checkOption({ name, check, standard }: OptionRow, value: unknown): string | number {
  if (value === undefined) {
    if (standard === undefined)
      throw errors.optionInvalid(
        `The option \`${name}\` is missing: give the folder of the handler modules, --${flagOf(name)} DIR`
      )
    return standard
  }
  const fail = (expected: string) =>
    errors.optionInvalid(`Expected \`${name}\` to be ${expected}, got ${describeValue(value)}`)
  switch (check.type) {
    case 'text':
      if (typeof value !== 'string' || value === '') throw fail('a text that is not empty')
      return value
    case 'word':
      if (!check.words.includes(value as string)) throw fail(`one of ${check.words.join(', ')}`)
      return value as string
    case 'integer':
      if (!Number.isInteger(value) || (value as number) < check.least || (value as number) > check.most) {
        throw fail(`a whole number from ${check.least} to ${check.most}`)
      }
      return value as number
  }
}
