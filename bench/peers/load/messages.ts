/** The messages between the run and the load. */
import type { ProtocolName } from '../protocols/index.js'

/** The part that all questions to the load have in common. */
interface Target {
  readonly protocol: ProtocolName
  /** Ports of the server's processes that accept connections. */
  readonly ports: readonly number[]
}

/** A flood of requests to a counter, with a fixed number in flight on each socket. */
export interface Flood extends Target {
  readonly kind: 'flood'
  readonly sockets: number
  readonly inFlight: number
  readonly route: string
  readonly check: ReplyCheck
  /** Seconds before anything is counted. */
  readonly warmupSeconds: number
  readonly seconds: number
}

/**
 * Check of replies. `counted`: the values 1, 2, 3 … on each socket in that order. `numbers`: any numbers.
 * `bodies`: what was sent.
 */
export type ReplyCheck = 'counted' | 'numbers' | 'bodies'

/** Sockets that request the counter once and then stay idle, until the load is told to disconnect them. */
export interface Crowd extends Target {
  readonly kind: 'crowd'
  readonly sockets: number
  readonly route: string
}

/** One player whose requests each have a handler push a key many times. */
export interface Pushes extends Target {
  readonly kind: 'pushes'
  readonly route: string
  /** Route that replies with the value that the session holds. */
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
  /** Increments that are missing in the counters at the end; null where there is no counter. */
  readonly lost: number | null
  /** CPU of this process, as a share of one core. */
  readonly cpuShare: number
}

export interface PushesResult {
  readonly pushes: number
  readonly seconds: number
}

/** Load → run. */
export type LoadAnswer =
  /** The warm-up is over, or the idle sockets are connected. */
  | { readonly kind: 'begun' }
  /** The counting is over; what follows are checks. */
  | { readonly kind: 'counted' }
  | { readonly kind: 'flooded'; readonly result: FloodResult }
  | { readonly kind: 'pushed'; readonly result: PushesResult }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly message: string }

export function say(said: LoadAnswer): void {
  process.send!(said)
}
