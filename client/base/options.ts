/** The options of a client, their checks and their defaults. */
import type { AbortSignalLike } from '../../shared/abort-signal.js'
import { monotonicClock } from '../../shared/clock.js'
import type { EventTypes } from '../../shared/events/event-types.js'
import { describeValue } from '../../shared/text/described.js'
import { wireErrors } from '../../shared/wire-errors.js'
import { ClientError } from './client-error.js'
import type { Failure } from './state.js'
import { expectUser } from './user.js'
import type { WebSocketClass } from './web-socket.js'

export type { EventTypes }

/** Events that were dropped because their name had no listener. */
export interface DroppedEvents {
  readonly event: string
  /**
   * Number of events of this name that were dropped. Later ones are dropped as well while the name has no
   * listener; they are not reported.
   */
  readonly count: number
}

export interface BackOffOptions {
  /** Upper bound in milliseconds of the wait before the first attempt. Default: 250. */
  readonly least?: number
  /**
   * Upper bound in milliseconds of the wait before any attempt: after each failure the bound doubles, up to
   * this value. Default: 10,000.
   */
  readonly most?: number
}

/** A storage of texts that answers at once, such as `sessionStorage`. What its methods throw is ignored. */
export interface PlaceStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export interface ClientOptions<Events = EventTypes> {
  /**
   * Credentials for the game's `onHandshake`, `authenticate` and `onConnect` hooks, such as a token; must be
   * JSON. A function is called before each connection, and may be asynchronous. If it throws or rejects, it
   * is called again after a wait (`backOff`), also before the first connection; an error with `fatal: true`
   * closes the client for good. Default: nothing.
   */
  readonly user?: unknown | (() => unknown)
  /**
   * Listeners by the names of their events, which are there before the connection is made. More can be added
   * later by the client's method `on`. Default: none.
   */
  readonly on?: { readonly [Event in keyof Events & string]?: (body: Events[Event]) => void }
  /**
   * Called when events without a listener are dropped: the first listener of a name gets the events that came
   * before it, but no more than 256 events or 256 KiB are kept for that. Default: a warning on the console.
   */
  readonly onDropped?: (dropped: DroppedEvents) => void
  /**
   * Called for each attempt to connect that failed, and when the connection was lost, with the reason as far
   * as the platform tells it; also before `connect` resolves. Default: nothing is called.
   */
  readonly onFailure?: (failure: Failure) => void
  /**
   * Where the client keeps its place in the session when its page is left, or `leave` is called. The next
   * client with this storage and the same URL resumes the session. In a page: `() => sessionStorage`. A
   * function is called at each use, and may throw. Default: nowhere.
   */
  readonly keep?: PlaceStorage | (() => PlaceStorage) | undefined
  /**
   * Milliseconds after which `connect` rejects if the first connection was not made; 0: never. Default:
   * 10,000.
   */
  readonly connectTimeout?: number
  /**
   * Milliseconds that one attempt to connect may take, from the call of `user` to the gateway's answer to the
   * handshake. Then it is given up, and the next attempt begins. Default: 10,000.
   */
  readonly attemptTimeout?: number
  /**
   * Milliseconds until a request rejects with `REQUEST_TIMED_OUT`, including time without a connection; 0:
   * never. Default: 30,000.
   */
  readonly requestTimeout?: number
  /**
   * Milliseconds between two heartbeats to the gateway. If the gateway asks for a shorter interval, that one
   * is used. Default: 10,000.
   */
  readonly heartbeat?: number
  /**
   * Milliseconds to wait for the answer to a heartbeat; then the connection counts as lost. Default: 5,000.
   */
  readonly heartbeatTimeout?: number
  /**
   * Waits between attempts to reconnect. Each wait is random between 0 and a bound, which doubles with each
   * failure.
   */
  readonly backOff?: BackOffOptions
  /**
   * Bytes of requests and notifies that may wait for the gateway's acknowledgement; more fail with
   * `OUTBOX_FULL`. Default: 1,048,576.
   */
  readonly outboxLimit?: number
  /**
   * Sends with each request and notify the trace that it belongs to, as `traceparent` by W3C Trace Context. A
   * function is called with the route, and returns the value; undefined or a malformed one is not sent. With
   * `true`, only requests with the option `traceparent` have one. A gateway that does not read it gets none.
   * Default: false.
   */
  readonly tracing?: boolean | ((route: string) => string | undefined)
  /**
   * WebSocket class to open connections with. Default: the platform's own; in Node 20, which has none, that
   * of the package `ws`.
   */
  readonly WebSocket?: WebSocketClass
  /** Returns a random number from 0 up to, but not including, 1. Default: `Math.random`. */
  readonly random?: () => number
  /**
   * Returns the milliseconds of a monotonic clock. The client uses it to notice a timer that fired late
   * because the machine slept or the page was suspended. Default: `performance.now`.
   */
  readonly monotonic?: () => number
}

export interface RequestOptions {
  /**
   * Milliseconds until the request rejects with `REQUEST_TIMED_OUT`; 0: never. Default: the client's
   * `requestTimeout`.
   */
  readonly timeout?: number
  /**
   * Aborts the request: it rejects with the signal's reason. A request that the gateway has already received
   * runs all the same.
   */
  readonly signal?: AbortSignalLike
  /**
   * The trace that the request belongs to, by W3C Trace Context. A malformed value is not sent. Needs the
   * client's option `tracing`. Default: what the function `tracing` returns.
   */
  readonly traceparent?: string
}

/** @internal */
export interface ResolvedClientOptions {
  readonly user: unknown
  readonly on: readonly [event: string, listener: (body: unknown) => void][]
  readonly onDropped: (dropped: DroppedEvents) => void
  readonly onFailure: (failure: Failure) => void
  readonly keep: PlaceStorage | (() => PlaceStorage) | undefined
  readonly connectTimeout: number
  readonly attemptTimeout: number
  readonly requestTimeout: number
  readonly heartbeat: number
  readonly heartbeatTimeout: number
  readonly backOff: Required<BackOffOptions>
  readonly outboxLimit: number
  readonly tracing: boolean | ((route: string) => string | undefined)
  readonly WebSocket: WebSocketClass | undefined
  readonly random: () => number
  readonly monotonic: () => number
}

/**
 * Checks the options and fills in the defaults.
 *
 * @internal
 * @throws ClientError `OPTION_INVALID`, naming the option, what was expected and what was given
 */
export function resolveClientOptions(asked: ClientOptions<never>): ResolvedClientOptions {
  const { user, WebSocket } = expectOptions(asked, names)
  const backOff = expectOptions(asked.backOff ?? {}, ['least', 'most'], 'backOff')
  // That of a function is checked with each answer.
  if (typeof user !== 'function') expectUser(user)
  const on = Object.entries<((body: never) => void) | undefined>(expectObject('on', asked.on ?? {}))
  return {
    user,
    on: on
      .filter(([, listener]) => listener !== undefined)
      .map(([event, listener]) => [
        event,
        expectFunction(`on.${event}`, listener as (body: unknown) => void)
      ]),
    onFailure: expectFunction('onFailure', asked.onFailure ?? (() => {})),
    keep: expectStorage(asked.keep ?? undefined),
    onDropped: expectFunction('onDropped', asked.onDropped ?? warnDropped),
    connectTimeout: expectMs('connectTimeout', asked.connectTimeout ?? 10_000, 0),
    attemptTimeout: expectMs('attemptTimeout', asked.attemptTimeout ?? 10_000, 1),
    requestTimeout: expectMs('requestTimeout', asked.requestTimeout ?? 30_000, 0),
    heartbeat: expectMs('heartbeat', asked.heartbeat ?? 10_000, 1),
    heartbeatTimeout: expectMs('heartbeatTimeout', asked.heartbeatTimeout ?? 5_000, 1),
    backOff: {
      least: expectMs('backOff.least', backOff.least ?? 250, 1),
      most: expectMs('backOff.most', backOff.most ?? 10_000, 1)
    },
    outboxLimit: expectWhole('outboxLimit', asked.outboxLimit ?? 1_048_576, 1, Number.MAX_SAFE_INTEGER),
    tracing: expectTracing(asked.tracing ?? false),
    WebSocket: WebSocket && expectFunction('WebSocket', WebSocket),
    random: expectFunction('random', asked.random ?? Math.random),
    monotonic: expectFunction('monotonic', asked.monotonic ?? monotonicClock)
  }
}

const names = [
  'user',
  'on',
  'onDropped',
  'onFailure',
  'keep',
  'connectTimeout',
  'attemptTimeout',
  'requestTimeout',
  'heartbeat',
  'heartbeatTimeout',
  'backOff',
  'outboxLimit',
  'tracing',
  'WebSocket',
  'random',
  'monotonic'
]

/** @throws ClientError `OPTION_INVALID` */
export function expectRequestOptions(asked: RequestOptions): void {
  const { timeout, signal } = expectOptions(asked, ['timeout', 'signal', 'traceparent'])
  if (timeout !== undefined) expectMs('timeout', timeout, 0)
  if (signal) expectFunction('signal.addEventListener', signal.addEventListener)
}

function warnDropped({ event, count }: DroppedEvents): void {
  console.warn(
    `sallyport: ${count} events "${event}" were dropped, because nobody listens to them; listen by the option \`on\` of connect`
  )
}

/** Longest delay of a timer, in milliseconds: larger ones overflow a 32-bit number and fire at once. */
const longestMs = 2_147_483_647

export function expectMs(name: string, value: unknown, least: number): number {
  return expectWhole(name, value, least, longestMs)
}

function expectWhole(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number
  throw refuseValue(name, `a whole number from ${least} to ${most}`, value)
}

/**
 * Returns the value if it is an object.
 *
 * @throws ClientError `OPTION_INVALID`
 */
function expectObject<Value extends object>(name: string, value: Value): Value {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw refuseValue(name, 'an object', value)
}

/**
 * Returns the options if they are an object with no other names than these. `of`: the option that holds them.
 *
 * @throws ClientError `OPTION_INVALID`
 */
function expectOptions<Value extends object>(value: Value, names: readonly string[], of?: string): Value {
  for (const name of Object.keys(expectObject(of ?? 'options', value))) {
    if (names.includes(name)) continue
    const asked = of === undefined ? name : `${of}.${name}`
    throw refuseOption(`There is no option \`${asked}\`; the options are ${names.join(', ')}`)
  }
  return value
}

export function expectFunction<Value>(name: string, value: Value): Value {
  if (typeof value === 'function') return value
  throw refuseValue(name, 'a function', value)
}

function expectTracing(tracing: ClientOptions['tracing'] & {}): ClientOptions['tracing'] & {} {
  if (typeof tracing === 'boolean' || typeof tracing === 'function') return tracing
  throw refuseValue('tracing', 'true, false or a function', tracing)
}

function expectStorage(keep: ClientOptions['keep']): ClientOptions['keep'] {
  if (keep === undefined || typeof keep === 'function') return keep
  const { getItem, setItem, removeItem } = Object(keep) as Partial<PlaceStorage>
  if ([getItem, setItem, removeItem].every(method => typeof method === 'function')) return keep
  throw refuseValue('keep', 'a storage with getItem, setItem and removeItem, or a function', keep)
}

/** Creates the error for an option or argument with a wrong value. */
function refuseValue(name: string, what: string, got: unknown): ClientError {
  return refuseOption(`Expected \`${name}\` to be ${what}, got ${describeValue(got)}`)
}

export function refuseOption(message: string): ClientError {
  return new ClientError(wireErrors.optionInvalid(message))
}
