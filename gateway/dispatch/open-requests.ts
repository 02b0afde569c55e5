/**
 * The open requests of a gateway: they wait, run, or are decided while their handlers still run. Each is
 * decided once, by an outcome, by its deadline or by the end of its session, and its client is answered once.
 * Leaves handing out to dispatcher.ts, and deadlines to deadlines.ts.
 */

import { type ErrorData, errors, GatewayError } from '../../shared/errors.js'
import { requestFlags } from '../../shared/link/batch.js'
import { UnreadableError } from '../../shared/link/outbox-fields.js'
import type { Logger } from '../../shared/text/log.js'
import type { Worker } from '../pool/worker.js'
import type { Outcome, Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Metrics } from '../telemetry/metrics.js'

/** Milliseconds from the end of a session until its handlers without a deadline are given up. */
const lateTime = 10_000

/** Told of each request: for the log, metrics and traces. None of its methods may throw. */
export interface RequestWatcher {
  requestAdded?(request: Request): void
  /** Called when requests are handed out to a worker. */
  turnHandedOut?(turn: Turn): void
  /** Called with requests of a turn that had not started, and wait again. */
  turnTakenBack?(turn: Turn, requests: readonly Request[]): void
  /**
   * `outcome`: undefined if nobody waits for it any more. `now`: by the monotonic clock. The client is
   * answered after this.
   */
  requestDecided(request: Request, outcome: Outcome | undefined, now: number): void
}

/** Codes of errors that the gateway answers with because a handler gave no outcome. */
const faults = new Set<string>([
  errors.timeout.code,
  errors.workerLost.code,
  errors.handlerFatal.code,
  errors.noWorker.code
])

/** Codes of errors whose messages may quote the request's body, behind a colon. */
const quoting = new Set<string>([errors.bodyMalformed.code, errors.bodyInvalid.code])

export interface OpenRequestsInit {
  readonly watchers?: readonly RequestWatcher[]
  readonly metrics: Metrics
  readonly log: Logger
  /** Number of a session's open requests at which reading from its socket pauses. */
  readonly laneLimit: number
  readonly monotonic: () => number
}

export class OpenRequests {
  readonly #init: OpenRequestsInit
  readonly #watchers: readonly RequestWatcher[]
  /**
   * Open requests by id: undecided requests, and decided requests whose handlers still run and are not given
   * up.
   */
  readonly #byRid = new Map<number, Request>()
  #undecided = 0
  /** Undecided requests that are not handed out. */
  #waiting = 0
  #bytes = 0
  #onIdle: (() => void) | undefined

  constructor(init: OpenRequestsInit) {
    this.#init = init
    this.#watchers = init.watchers ?? []
  }

  /** Whether no request is open, decided or not. */
  get isEmpty(): boolean {
    return this.#byRid.size === 0
  }

  /** Number of undecided requests, which wait or run. */
  get undecided(): number {
    return this.#undecided
  }

  /** Number of characters in the bodies of undecided requests. */
  get bytes(): number {
    return this.#bytes
  }

  get waiting(): number {
    return this.#waiting
  }

  get running(): number {
    return this.#undecided - this.#waiting
  }

  /** Resolves once all requests are decided. */
  async idle(): Promise<void> {
    if (this.#undecided > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  has(request: Request): boolean {
    return this.#byRid.get(request.rid) === request
  }

  /** Returns a new list of all open requests, so that the caller may decide requests while it iterates. */
  all(): Request[] {
    return [...this.#byRid.values()]
  }

  /** Returns a new list of the open requests whose deadline has passed. */
  overdue(now: number): Request[] {
    const overdue: Request[] = []
    for (const request of this.#byRid.values()) if (request.deadline <= now) overdue.push(request)
    return overdue
  }

  /** Restarts the time of each open request. Called when deadlines have not counted for a while. */
  restartClocks(now: number): void {
    for (const request of this.#byRid.values()) request.startClock(now)
  }

  add(request: Request): void {
    const { rid, session } = request
    const { lane } = session
    for (const watcher of this.#watchers) watcher.requestAdded?.(request)
    this.#byRid.set(rid, request)
    this.#undecided++
    this.#waiting++
    this.#bytes += request.body.length
    if (++lane.open >= this.#init.laneLimit && !lane.isPausing) {
      lane.isPausing = true
      session.receiver?.pause()
    }
  }

  /** Counts the requests of a turn, which are with a worker now. */
  handedOut(turn: Turn): void {
    this.#waiting -= turn.requests.length
    for (const watcher of this.#watchers) watcher.turnHandedOut?.(turn)
  }

  /** Counts requests of a turn that were with a worker and wait again. */
  takenBack(turn: Turn, requests: readonly Request[]): void {
    this.#waiting += requests.length
    for (const watcher of this.#watchers) watcher.turnTakenBack?.(turn, requests)
  }

  /**
   * Accepts the outcome that a worker reports for one of its requests.
   *
   * @throws UnreadableError if the worker does not run the request, or the request was given up
   */
  settleOf(worker: Worker, rid: number, outcome: Outcome): void {
    const request = this.#byRid.get(rid)
    const turn = request?.turn
    if (request === undefined || turn?.worker !== worker || !turn.runs(request))
      throw new UnreadableError(`the outcome of request ${rid}, which it does not run`)
    this.settle(request, outcome)
    turn.countOutcome()
  }

  /** Ends a request that its worker has finished with, and decides it if it is undecided. */
  settle(request: Request, outcome: Outcome): void {
    this.decide(request, outcome)
    request.hasOutcome = true
    this.#byRid.delete(request.rid)
    this.#end(request)
  }

  /** Decides a request, and tells its client if the client expects an answer. */
  decide(request: Request, outcome: Outcome): void {
    if (request.state === 'decided') return
    const { onOutcome } = request
    const now = this.#init.monotonic()
    for (const watcher of this.#watchers) watcher.requestDecided(request, outcome, now)
    if (onOutcome !== undefined) {
      // Decided before it is reported, because the report may end the session.
      this.#close(request, now)
      return onOutcome(outcome)
    }
    if (!request.isAnswered) this.#tell(request, outcome)
    this.#close(request, now)
  }

  /** Answers the client while the request runs on. The request's later outcome is not sent. */
  answerEarly(request: Request, outcome: Outcome): void {
    this.#tell(request, outcome)
    request.isAnswered = true
  }

  /** Decides a request without an answer, because its session has ended. */
  drop(request: Request, now: number): void {
    if (request.state === 'decided') return
    for (const watcher of this.#watchers) watcher.requestDecided(request, undefined, now)
    request.turn?.worker.abort(request, 'session closed')
    if (request.deadline === Number.POSITIVE_INFINITY) request.deadline = now + lateTime
    this.#close(request, now)
  }

  /** Gives up a request whose handler runs on past its deadline. From then on only its worker tracks it. */
  giveUp(request: Request): void {
    this.#byRid.delete(request.rid)
    this.#init.metrics.count('handlersGivenUp')
    request.turn?.worker.giveUp(request)
    this.#end(request)
  }

  #tell(request: Request, outcome: Outcome): void {
    const { session, id, flags } = request
    const { metrics, log } = this.#init
    if ('error' in outcome) metrics.count('errors')
    // A game may throw an error with such a code of its own.
    const isFault =
      'error' in outcome && outcome.error instanceof GatewayError && faults.has(outcome.error.code)
    if ((flags & requestFlags.notify) === 0) {
      metrics.count('replies')
      if (isFault) this.#tellFault(request, outcome.error)
      else if ('error' in outcome) session.receiver?.error(id, outcome.error)
      else session.receiver?.reply(id, outcome.body, request.turn?.isMoreNear === true)
    } else if ('error' in outcome) {
      const { code, message } = outcome.error
      log.warn('A notify failed', { ...request.names, code, error: hideQuote(code, message) })
    }
  }

  /** Answers with an error that names the request by its number, which the log has too. */
  #tellFault({ names, id, rid, session }: Request, { code, message }: ErrorData): void {
    this.#init.log.warn('A request failed', { ...names, code, error: message })
    session.receiver?.error(id, { code, message, data: { requestId: rid } })
  }

  #end(request: Request): void {
    const { onEnd } = request
    request.onEnd = undefined
    onEnd?.()
  }

  #close(request: Request, now: number): void {
    const { session, turn } = request
    const { lane } = session
    this.#undecided--
    this.#bytes -= request.body.length
    lane.open--
    lane.concurrent?.delete(request)
    if (turn === undefined) {
      this.#waiting--
      request.state = 'decided'
      this.#byRid.delete(request.rid)
    } else {
      turn.decide(request, now)
    }
    if (lane.isPausing && lane.open <= this.#init.laneLimit / 2) {
      lane.isPausing = false
      session.receiver?.resume()
    }
    if (this.#undecided === 0) this.#onIdle?.()
  }
}

/** Returns an error's message for the log, which shows bodies only at the level `trace`. */
function hideQuote(code: string, message: string): string {
  const end = quoting.has(code) ? message.indexOf(':') : -1
  return end < 0 ? message : message.slice(0, end)
}
