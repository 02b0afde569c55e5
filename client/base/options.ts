/** What a client can be told, checked and with its defaults. */
import { describeValue } from '../../shared/check.js'
import { monotonicClock } from '../../shared/clock.js'
import { errors } from '../../shared/errors.js'
import { ClientError } from './client-error.js'
import type { WebSocketClass } from './web-socket.js'

export interface BackOffOptions {
  /** Milliseconds that the first attempt to come back waits for, at most. Default: 250. */
  readonly least?: number
  /** Milliseconds that any attempt waits for, at most: the bound doubles up to this. Default: 10,000. */
  readonly most?: number
}

export interface ClientOptions {
  /**
   * What the game's `onHandshake`, `authenticate` and `onConnect` are told, such as a token of the game's
   * own. A function is asked anew at each connection, and may be asynchronous. One that throws or rejects is
   * asked again after a wait (`backOff`), also before the first connection; an error with `fatal: true`
   * closes the client for good. Default: nothing.
   */
  readonly user?: unknown | (() => unknown)
  /**
   * Milliseconds until a first connection that does not come about rejects `connect`. Default: 10,000. 0:
   * never.
   */
  readonly connectTimeout?: number
  /**
   * Milliseconds that one attempt to connect may take, from the call of `user` to the gateway's answer; then
   * the next begins. Default: 10,000.
   */
  readonly attemptTimeout?: number
  /**
   * Milliseconds until a request rejects with REQUEST_TIMED_OUT, time spent away included. Default: 30,000.
   * 0: never.
   */
  readonly requestTimeout?: number
  /**
   * Milliseconds between two questions to the gateway for a sign of life. Default: 10,000. Where the
   * gateway's own heartbeat is shorter, that holds.
   */
  readonly heartbeat?: number
  /** Milliseconds that the sign of life may take; then the connection counts as lost. Default: 5,000. */
  readonly heartbeatTimeout?: number
  /** The waits between attempts to come back. Each is random between 0 and its bound. */
  readonly backOff?: BackOffOptions
  /**
   * Bytes of requests and notifies that may wait for the gateway to say that it has them; beyond it they fail
   * with OUTBOX_FULL. Default: 1,048,576.
   */
  readonly outboxLimit?: number
  /**
   * The class that opens sockets. Default: the platform's, or that of the package `ws` where there is none.
   */
  readonly WebSocket?: WebSocketClass
  /** A number from 0 up to 1. Default: Math.random. */
  readonly random?: () => number
  /**
   * Milliseconds since some moment, by a clock that only goes on: it shows that timers came late, since the
   * machine slept or the page stood still. Default: `performance.now`.
   */
  readonly monotonic?: () => number
}

export interface ResolvedClientOptions {
  readonly user: unknown
  readonly connectTimeout: number
  readonly attemptTimeout: number
  readonly requestTimeout: number
  readonly heartbeat: number
  readonly heartbeatTimeout: number
  readonly backOff: Required<BackOffOptions>
  readonly outboxLimit: number
  readonly WebSocket: WebSocketClass | undefined
  readonly random: () => number
  readonly monotonic: () => number
}

/** @throws ClientError `OPTION_INVALID`, naming the option, what was expected and what came */
export function resolveClientOptions(asked: ClientOptions): ResolvedClientOptions {
  const { user, WebSocket } = expectObject('options', asked)
  for (const name of Object.keys(asked)) {
    if (!names.has(name))
      throw refuseOption(`There is no option \`${name}\`; the options are ${[...names].join(', ')}`)
  }
  const backOff = expectObject('backOff', asked.backOff ?? {})
  return {
    user,
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
    WebSocket: WebSocket && expectFunction('WebSocket', WebSocket),
    random: expectFunction('random', asked.random ?? Math.random),
    monotonic: expectFunction('monotonic', asked.monotonic ?? monotonicClock)
  }
}

const names = new Set([
  'user',
  'connectTimeout',
  'attemptTimeout',
  'requestTimeout',
  'heartbeat',
  'heartbeatTimeout',
  'backOff',
  'outboxLimit',
  'WebSocket',
  'random',
  'monotonic'
])

/** Timers hold no more. */
const longestMs = 2_147_483_647

export function expectMs(name: string, value: unknown, least: number): number {
  return expectWhole(name, value, least, longestMs)
}

function expectWhole(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number
  throw refuseValue(name, `a whole number from ${least} to ${most}`, value)
}

/** @throws ClientError `OPTION_INVALID` */
export function expectObject<Value extends object>(name: string, value: Value): Value {
  if (typeof value === 'object' && value !== null) return value
  throw refuseValue(name, 'an object', value)
}

export function expectFunction<Value>(name: string, value: Value): Value {
  if (typeof value === 'function') return value
  throw refuseValue(name, 'a function', value)
}

/** The error for an option, or an argument, of the wrong kind. */
function refuseValue(name: string, what: string, got: unknown): ClientError {
  return refuseOption(`Expected \`${name}\` to be ${what}, got ${describeValue(got)}`)
}

export function refuseOption(message: string): ClientError {
  return new ClientError(errors.optionInvalid(message))
}
