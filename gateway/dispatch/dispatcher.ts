/**
 * Hands requests out to workers, in batches: as soon as a worker is ready it takes a share of the lanes that wait.
 * Nobody waits for a timer; the one timer here looks for deadlines that have passed and for work that is stuck.
 *
 *   add ──▶ lane ──▶ line ──▶ turn in a batch ──▶ outcome ──▶ reply
 *             ▲                    │
 *             └──── taken back ────┘
 */
import { errors } from '../../shared/errors.js'
import type { Logger } from '../../shared/text/log.js'
import type { Pool } from '../pool/pool.js'
import type { Suspensions } from '../pool/suspensions.js'
import type { Worker } from '../pool/worker.js'
import { errorOf, reportDeath } from '../pool/worker-death.js'
import type { RequestsListener } from '../pool/worker-listener.js'
import { type Outcome, Request, type RequestInit } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { Turn, type TurnListener } from '../sessions/turn.js'
import type { Metrics } from '../telemetry/metrics.js'
import { placeFor } from './affinity.js'
import { BatchSize, batchBytes } from './batch-size.js'
import type { OpenRequests } from './open-requests.js'
import { goOnWithOverdue, takeBackStuck } from './stuck-turns.js'
import { WaitingLine } from './waiting-line.js'

/** Milliseconds between two looks at stuck work, only while there is work; deadlines are gone through at each tenth. */
const lookInterval = 5
const looksPerSweep = 10

export interface DispatcherInit {
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly metrics: Metrics
  readonly suspensions: Suspensions
  readonly log: Logger
  readonly monotonic: () => number
  /** Milliseconds that nobody should wait for a worker for; 0: any time. */
  readonly maxQueueDelay: number
}

export class Dispatcher implements RequestsListener, TurnListener {
  readonly #init: DispatcherInit
  readonly #requests: OpenRequests
  readonly #line: WaitingLine
  readonly #size = new BatchSize()
  #isPumpSoon = false
  #look: NodeJS.Timeout | undefined
  #looks = 0

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#requests = init.requests
    this.#line = new WaitingLine(init.pool.size, init.maxQueueDelay)
  }

  /** Takes a request in. It is answered once, or its session ends. */
  add(init: RequestInit): Request {
    const request = new Request(init)
    const { session, route } = request
    const { lane } = session
    this.#requests.add(request)
    // A hook of a session that is open is its onConnect.
    if (request.onOutcome !== undefined && session.isOpen) lane.connectHook = request
    if (route.options.concurrent === true) {
      lane.concurrent = (lane.concurrent ?? new Set()).add(request)
      if (lane.connectHook === undefined) this.#lineUpAlone(request)
    } else {
      lane.waiting.push(request)
      this.#lineUp(session)
    }
    this.#look ??= setInterval(() => this.#lookAround(), lookInterval).unref()
    this.pumpSoon()
    return request
  }

  /** Milliseconds that somebody has waited for a worker, at most. */
  queueDelay(now: number): number {
    return this.#line.longestWait(now)
  }

  /** Whether such a request, if it came now, would wait for a worker for too long. */
  isBehind(request: Pick<Request, 'route' | 'session'>, now: number): boolean {
    if (this.#line.isEmpty || this.#init.maxQueueDelay === 0) return false
    return this.#line.isBehind(this.#placeFor(request), this.#requests.waiting, now)
  }

  /** Whether something waits that the worker at a place may take. */
  hasWorkFor(place: number): boolean {
    return this.#line.sizeFor(place) > 0
  }

  /** A session's onConnect is over: what its lane does not keep may go, unless it is to be asked once more. */
  connectHookDone(hook: Request): void {
    const { lane } = hook.session
    if (lane.connectHook !== hook) return
    lane.connectHook = undefined
    for (const request of lane.concurrent ?? []) this.#lineUpAlone(request)
    this.pumpSoon()
  }

  /** Hands out what can be handed out, once all sockets that had something were read: the more, the fewer batches. */
  pumpSoon(): void {
    if (this.#isPumpSoon) return
    this.#isPumpSoon = true
    setImmediate(this.#pump)
  }

  /** The session has ended: its requests are decided, and nobody is told. Gives those that run on in their workers. */
  sessionEnded(session: Session): Request[] {
    const { lane } = session
    const { turn } = lane
    const running: Request[] = []
    const now = this.#init.monotonic()
    const drop = (request: Request) => {
      if (request.state === 'handedOut') running.push(request)
      this.#requests.drop(request, now)
    }
    turn?.takeBack()
    for (const request of [...(turn?.started ?? []), ...lane.waiting.splice(0)]) drop(request)
    for (const request of lane.concurrent ?? []) {
      request.turn?.takeBack()
      drop(request)
    }
    return running
  }

  /** A place has no worker for a while: what belongs to it goes elsewhere; if there is no worker at all, it is refused. */
  placeFailed(place: number): void {
    const waiters = this.#init.pool.places.length === 0 ? this.#line.takeAll() : this.#line.takeAll(place)
    for (const { session, request } of waiters) {
      if (request !== undefined) {
        if (request.state === 'waiting') this.#lineUpAlone(request)
      } else {
        session.lane.isInLine = false
        this.#lineUp(session)
      }
    }
    this.pumpSoon()
  }

  close(): void {
    clearInterval(this.#look)
    this.#look = undefined
  }

  workerReady(_worker: Worker, started: number, micros: number): void {
    this.#size.learn(started, micros)
    this.pumpSoon()
  }

  workerOutcome(worker: Worker, rid: number, outcome: Outcome): void {
    const request = this.#requests.findIn(worker, rid)
    this.#requests.settle(request, outcome)
    request.turn!.countOutcome()
  }

  workerSlotDone(worker: Worker, turn: Turn): void {
    turn.takeBack()
    worker.turns.free(turn)
    this.pumpSoon()
  }

  /** What had started there is answered; what had not goes to other workers. */
  workerEnded(worker: Worker, cause: Error): void {
    const end = worker.describeEnd(cause)
    reportDeath(worker, end, this.#init)
    for (const turn of [...worker.turns]) {
      turn.takeBack()
      turn.goOn()
      for (const request of turn.started) this.#requests.settle(request, { error: errorOf(request, end) })
      worker.turns.free(turn)
    }
    this.pumpSoon()
  }

  readonly #pump = (): void => {
    this.#isPumpSoon = false
    // The idlest first, so that what waits is spread.
    const ready = this.#init.pool.up
      .filter(each => each.isReady)
      .sort((a, b) => a.load.undecided - b.load.undecided)
    const now = this.#init.monotonic()
    for (const worker of ready) if (this.#line.sizeFor(worker.index) > 0) this.#handOut(worker, now)
  }

  /** Fills one batch for the worker: its share of the common line, and all of its own. */
  #handOut(worker: Worker, now: number): void {
    const { places } = this.#init.pool
    let lanes = this.#size.shareOf(this.#line.commonSize, places.length) + this.#line.pinnedSize(worker.index)
    const most = this.#size.requests
    let [room, bytes] = [most, batchBytes]
    // Who has left the line's business meanwhile does not count for the share, but each is looked at once.
    for (let looks = this.#line.sizeFor(worker.index); looks > 0; looks--) {
      if (lanes <= 0 || room <= 0 || bytes <= 0 || worker.turns.room === 0) break
      const { session, request } = this.#line.take(worker.index)!
      const requests =
        request === undefined
          ? this.#takeFromLane(session, worker, room, now)
          : this.#takeAlone(request, worker, now)
      if (requests.length === 0) continue
      const lane = request === undefined ? session.lane : undefined
      worker.add(new Turn({ worker, slot: worker.turns.take(), requests, lane, listener: this }))
      lanes--
      room -= requests.length
      bytes -= session.settingsText.length
      for (const { body } of requests) bytes -= body.length
    }
    this.#requests.handedOut(most - room)
    this.#line.handedOut(most - room, now)
    if (worker.sendBatch()) this.#init.metrics.count('batches')
  }

  /** A concurrent request, if it is still to be run, and may be in that worker. */
  #takeAlone(request: Request, worker: Worker, now: number): Request[] {
    if (request.state !== 'waiting' || this.#requests.expire(request, now)) return []
    if (worker.indexOf(request.route.name) !== undefined) return [request]
    this.#lineUpAlone(request)
    return []
  }

  /** The next requests of a lane, as far as they may run in that worker. */
  #takeFromLane(session: Session, worker: Worker, room: number, now: number): Request[] {
    const { lane } = session
    lane.isInLine = false
    // What nobody waits for any more is not run.
    while (lane.waiting.length > 0 && this.#requests.expire(lane.waiting[0]!, now));
    const requests = lane.take(worker.startsAtOnce ? 1 : room, request => {
      if (worker.indexOf(request.route.name) === undefined || request.deadline <= now) return false
      const place = this.#placeFor(request)
      return place === undefined || place === worker.index
    })
    if (requests[0]?.onOutcome !== undefined) requests[0].startClock(now)
    // Nothing of it may run here: it waits elsewhere, or its route is gone.
    if (requests.length === 0) this.#lineUp(session)
    return requests
  }

  turnOver(turn: Turn): void {
    if (turn.lane === undefined) return
    this.#lineUp(turn.session)
    this.pumpSoon()
  }

  turnTakenBack(turn: Turn, requests: readonly Request[]): void {
    this.#requests.takenBack(requests.length)
    for (const request of requests) {
      this.#init.metrics.count('requestsTakenBack')
      if (turn.lane === undefined) this.#lineUpAlone(request)
    }
    this.pumpSoon()
  }

  /** Lets a session's lane wait for a worker, if it has something to hand out and nothing of it is out. */
  #lineUp(session: Session): void {
    const { lane } = session
    this.#refuseGone(lane.waiting)
    const first = lane.waiting[0]
    if (first === undefined || lane.turn !== undefined || lane.isInLine) return
    lane.isInLine = true
    this.#line.add(session, undefined, this.#placeFor(first), this.#init.monotonic())
  }

  #lineUpAlone(request: Request): void {
    this.#refuseGone([request])
    if (request.state !== 'waiting') return
    this.#line.add(request.session, request, this.#placeFor(request), this.#init.monotonic())
  }

  #placeFor(request: Pick<Request, 'route' | 'session'>): number | undefined {
    return placeFor(request, this.#init.pool.places)
  }

  /** Answers those whose route no worker offers any more, or that no worker will be there for. */
  #refuseGone(requests: Request[]): void {
    const hasPlaces = this.#init.pool.places.length > 0
    for (let i = 0; i < requests.length; i++) {
      const request = requests[i]!
      const { isOffered, name } = request.route
      // Without its onConnect a session can't go on: that waits for a worker.
      if (isOffered && (hasPlaces || request === request.session.lane.connectHook)) continue
      requests.splice(i--, 1)
      this.#requests.decide(request, { error: isOffered ? errors.noWorker(name) : errors.routeUnknown(name) })
    }
  }

  #lookAround(): void {
    if (this.#requests.isEmpty) return this.close()
    if (++this.#looks % looksPerSweep === 0) {
      this.#requests.sweep(this.#init.monotonic())
      goOnWithOverdue(this.#init.pool.up, this.#init.monotonic())
    }
    // What lies unstarted in a worker that is busy moves to one that is idle, if that has nothing else to do.
    const isPinned = (request: Request) => this.#placeFor(request) === request.turn?.worker.index
    if (takeBackStuck(this.#init.pool.up, this.#line, isPinned)) this.pumpSoon()
  }
}
