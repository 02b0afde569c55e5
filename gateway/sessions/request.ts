/**
 * A request or notify, from its frame to its answer, with its deadline. Created by the dispatcher when the
 * request is accepted.
 * OpenRequests decides it, once: by an outcome, by its deadline, or by the end of its session.
 */
import type { ErrorData } from '../../shared/errors.js'
import { nameSession, type RequestFields } from '../../shared/text/log.js'
import { nameTrace } from '../../shared/wire/traceparent.js'
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
  /** The trace that it belongs to, and the span that has caused it. */
  readonly traceparent?: string | undefined
  /** Only for a hook, which answers no client: called with its outcome. */
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
  /** When it arrived, by the monotonic clock. */
  readonly arrivedAt: number
  /**
   * When its handler could start, by the monotonic clock: when it was handed out, or when the request before
   * it in its turn was decided. undefined: it waits.
   */
  startedAt: number | undefined
  /** When it is answered with TIMEOUT, by the monotonic clock; Infinity: never. */
  deadline: number
  /** The trace that it belongs to, and the span that has caused it, as the worker gets it. */
  traceparent: string | undefined
  readonly onOutcome: ((outcome: Outcome) => void) | undefined
  /** Called after the end of the session: when the worker is done with the request, or at its deadline. */
  onEnd: (() => void) | undefined
  state: RequestState = 'waiting'
  /** Whether it is in the dispatcher's waiting line by itself: a concurrent request. */
  isInLine = false
  /** Whether the worker is done with it. */
  hasOutcome = false
  /** Whether the client was answered before there was an outcome, which is then ignored. */
  isAnswered = false
  /** The turn with which it is handed out. */
  turn: Turn | undefined

  constructor(init: RequestInit) {
    const { session, route, id, flags, body, timeout, now, traceparent, onOutcome } = init
    this.session = session
    this.route = route
    this.id = id
    this.flags = flags
    this.body = body
    this.timeout = timeout
    this.arrivedAt = now
    this.startedAt = undefined
    this.traceparent = traceparent
    this.onOutcome = onOutcome
    this.onEnd = undefined
    this.deadline = Number.POSITIVE_INFINITY
    this.startClock(now)
  }

  /** The fields that name the request in lines of the log. */
  get names(): RequestFields {
    const { route, rid, session } = this
    return { route: route.name, requestId: rid, ...nameSession(session), ...nameTrace(this.traceparent) }
  }

  /**
   * Returns how long the request took until now, in milliseconds: in all, before its handler could start, and
   * from then on. The last part includes the way to the worker and back.
   */
  timesAt(now: number): { readonly ms: number; readonly queueMs: number; readonly runMs: number } {
    const startedAt = this.startedAt ?? now
    const [ms, queueMs, runMs] = [now - this.arrivedAt, startedAt - this.arrivedAt, now - startedAt]
    return { ms: round(ms), queueMs: round(queueMs), runMs: round(runMs) }
  }

  /**
   * Starts the time until the deadline. Called when the request arrives, and for a hook again when it is
   * handed out, so that it does not expire while it waits.
   */
  startClock(now: number): void {
    if (this.timeout > 0) this.deadline = now + this.timeout
  }

  /** Removes the deadline that `startClock` has set. */
  stopClock(): void {
    this.deadline = Number.POSITIVE_INFINITY
  }
}

/** Returns `reply`, the code of an error, or `dropped` if there is no outcome that anybody waits for. */
export function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'dropped'
  return 'error' in outcome ? outcome.error.code : 'reply'
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
