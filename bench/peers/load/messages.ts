/** What the load is asked for, and what it says to the run. */
import type { ProtocolName } from '../protocols/index.js'

/** What everything that the load does has to know. */
interface Target {
  readonly protocol: ProtocolName
  /** Of the server's processes that take connections. */
  readonly ports: readonly number[]
}

/** Requests for a counter, so many in flight on each socket. */
export interface Flood extends Target {
  readonly kind: 'flood'
  readonly sockets: number
  readonly inFlight: number
  readonly route: string
  readonly check: ReplyCheck
  /** Before anything is counted. */
  readonly warmupSeconds: number
  readonly seconds: number
}

/**
 * What replies must be: `counted`, with the values 1, 2, 3 … on each socket in that order; `numbers`, any numbers;
 * `bodies`, what was sent.
 */
export type ReplyCheck = 'counted' | 'numbers' | 'bodies'

/** Sockets that have asked for the counter once and then stay idle, until the load is told to leave. */
export interface Crowd extends Target {
  readonly kind: 'crowd'
  readonly sockets: number
  readonly route: string
}

/** One player whose requests each have a handler push a key many times. */
export interface Pushes extends Target {
  readonly kind: 'pushes'
  readonly route: string
  /** Answers the value that the session holds. */
  readonly readRoute: string
  readonly pushesPerRequest: number
  readonly warmupSeconds: number
  readonly seconds: number
}

export type LoadQuestion = Flood | Crowd | Pushes | { readonly kind: 'leave' }

export interface FloodResult {
  readonly replies: number
  readonly seconds: number
  /** Microseconds from request to reply. */
  readonly p50: number
  readonly p99: number
  /** Increments that were answered on all sockets, from the first to the last. */
  readonly acknowledged: number
  /** Those that the counters do not have at the end; null where there is no counter. */
  readonly lost: number | null
  /** Of this process, as a share of one core. */
  readonly cpuShare: number
}

export interface PushesResult {
  readonly pushes: number
  readonly seconds: number
}

/** Load → run. */
export type LoadAnswer =
  /** The warm-up is over, or the crowd is there. */
  | { readonly kind: 'begun' }
  /** What is counted is counted; the rest is checking. */
  | { readonly kind: 'counted' }
  | { readonly kind: 'flooded'; readonly result: FloodResult }
  | { readonly kind: 'pushed'; readonly result: PushesResult }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly message: string }

export function say(said: LoadAnswer): void {
  process.send!(said)
}
