/**
 * A request or notify, from its frame to its answer. Made by the dispatcher when it is let in. OpenRequests
 * decides it, once: by an outcome, by its deadline, or by the end of its session.
 */
import type { ErrorData } from '../../shared/errors.js'
import type { Route } from './routes.js'
import type { Session } from './session.js'
import type { Turn } from './turn.js'

/** The outcome of a request, as the worker reports it. */
export type Outcome = { readonly body: string } | { readonly error: ErrorData }

/**
 *   waiting ──▶ handedOut ──▶ decided
 *      ▲            │ taken back  ▲
 *      └────────────┘             │
 *      └──────────────────────────┘ deadline, end of the session
 */
export type RequestState = 'waiting' | 'handedOut' | 'decided'

export interface RequestInit {
  readonly session: Session
  readonly route: Route
  /** The id that the client gave it; 0: a notify. */
  readonly id: number
  /** `requestFlags`, as batches carry them. */
  readonly flags: number
  /** The body's bytes, each as one character. */
  readonly body: string
  /** Milliseconds after which it is answered with TIMEOUT; 0: never. */
  readonly timeout: number
  /** When it arrived, by the monotonic clock. */
  readonly now: number
  /** Of a hook, for which no client waits: called with the outcome instead. */
  readonly onOutcome?: (outcome: Outcome) => void
}

let lastRid = 0

export class Request {
  /** The request's number, unique in this gateway. */
  readonly rid = ++lastRid
  readonly session: Session
  readonly route: Route
  readonly id: number
  readonly flags: number
  readonly body: string
  readonly timeout: number
  /** When it is answered with TIMEOUT, by the monotonic clock; Infinity: never. */
  deadline: number
  readonly onOutcome: ((outcome: Outcome) => void) | undefined
  /** Called when the worker is done with it after the end of the session, or at its deadline. */
  onEnd: (() => void) | undefined
  state: RequestState = 'waiting'
  /** Whether the worker is done with it. */
  hasOutcome = false
  /** Whether the client was answered before there was an outcome; that outcome is then told to nobody. */
  isAnswered = false
  /** The turn with which it is handed out. */
  turn: Turn | undefined

  constructor({ session, route, id, flags, body, timeout, now, onOutcome }: RequestInit) {
    this.session = session
    this.route = route
    this.id = id
    this.flags = flags
    this.body = body
    this.timeout = timeout
    this.onOutcome = onOutcome
    this.onEnd = undefined
    this.deadline = Number.POSITIVE_INFINITY
    this.startClock(now)
  }

  /**
   * Starts the time until the deadline: at the arrival; of a hook again when it is handed out, not to expire
   * before.
   */
  startClock(now: number): void {
    if (this.timeout > 0) this.deadline = now + this.timeout
  }

  /** Removes the deadline that `startClock` has set. */
  stopClock(): void {
    this.deadline = Number.POSITIVE_INFINITY
  }
}
