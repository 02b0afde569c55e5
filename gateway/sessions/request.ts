/** A request or notify, from its frame to its answer. */
import type { ErrorData } from '../../shared/errors.js'
import type { Route } from './routes.js'
import type { Session } from './session.js'
import type { Turn } from './turn.js'

/** A request's outcome, as its worker tells it. */
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
  /** The client's number for it; 0 for a notify. */
  readonly id: number
  /** As batches carry them: requestFlags. */
  readonly flags: number
  /** The body's bytes, each as one character. */
  readonly body: string
  /** Milliseconds after which it is answered with TIMEOUT; 0: never. */
  readonly timeout: number
  /** The clock at its arrival: milliseconds since 1970. */
  readonly now: number
  /** Of a hook, which no client has asked for: who is told of its outcome instead. */
  readonly onOutcome?: (outcome: Outcome) => void
}

let lastRid = 0

export class Request {
  /** Unique in this gateway. */
  readonly rid = ++lastRid
  readonly session: Session
  readonly route: Route
  readonly id: number
  readonly flags: number
  readonly body: string
  readonly timeout: number
  /** Milliseconds since 1970; Infinity: none. */
  deadline: number
  readonly onOutcome: ((outcome: Outcome) => void) | undefined
  /** Called when its worker is done with it, if its session ended before; or at its deadline. */
  onEnd: (() => void) | undefined
  state: RequestState = 'waiting'
  /** Whether its worker is done with it. */
  hasOutcome = false
  /** Whether its client was told before there was an outcome, which nobody is told any more. */
  isAnswered = false
  /** Where it is handed out. */
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

  /** A request's time runs from its arrival; a hook's anew from its hand-out, since it is not given up before. */
  startClock(now: number): void {
    if (this.timeout > 0) this.deadline = now + this.timeout
  }

  /** Stops what `startClock` has started. */
  stopClock(): void {
    this.deadline = Number.POSITIVE_INFINITY
  }
}
