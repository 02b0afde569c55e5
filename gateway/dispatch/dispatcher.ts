/**
 * Hands requests out to workers in batches. A lane holds the requests of one session, the line holds the
 * waiting lanes, and a turn is the requests of one lane in a batch. As soon as a worker is ready, it gets a
 * share of the waiting lanes. Handing out never waits for a timer: the only timer here checks for passed
 * deadlines and stuck turns.
 *
 *   add ──▶ lane ──▶ line ──▶ turn in a batch ──▶ outcome ──▶ reply
 *             ▲                    │
 *             └──── taken back ────┘
 */
import { hookRoutes } from '../../shared/link/hooks.js'
import type { Logger } from '../../shared/text/log.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Pool } from '../pool/pool.js'
import type { Suspensions } from '../pool/suspensions.js'
import type { Worker } from '../pool/worker.js'
import { errorOf, reportDeath } from '../pool/worker-death.js'
import { Request, type RequestInit } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import { Turn, type TurnListener } from '../sessions/turn.js'
import { Histogram, sizeBounds } from '../telemetry/histogram.js'
import type { Metrics } from '../telemetry/metrics.js'
import { BatchSize, batchBytes } from './batch-size.js'
import { type Deadlines, leaveLane } from './deadlines.js'
import type { OpenRequests } from './open-requests.js'
import type { RequestQueue } from './request-queue.js'
import { goOnWithOverdue, takeBackStuck } from './stuck-turns.js'
import type { WaitingLine } from './waiting-line.js'

/**
 * Milliseconds between two checks for stuck turns, while there are requests. Every tenth check also looks for
 * passed deadlines.
 */
const checkInterval = 5
const checksPerSweep = 10

export interface DispatcherInit {
  readonly pool: Pool
  readonly requests: OpenRequests
  readonly queue: RequestQueue
  readonly deadlines: Deadlines
  readonly timeLimits: Pick<TimeLimits, 'areOff' | 'look'>
  readonly metrics: Metrics
  readonly suspensions: Suspensions
  readonly log: Logger
  readonly monotonic: () => number
}

export class Dispatcher implements TurnListener {
  /** The number of requests in each batch so far. */
  readonly batchSizes = new Histogram(sizeBounds)
  readonly #init: DispatcherInit
  readonly #requests: OpenRequests
  readonly #queue: RequestQueue
  readonly #line: WaitingLine
  readonly #deadlines: Deadlines
  readonly #size = new BatchSize()
  #isPumpSoon = false
  #timer: NodeJS.Timeout | undefined
  #checks = 0

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#requests = init.requests
    this.#queue = init.queue
    this.#line = init.queue.line
    this.#deadlines = init.deadlines
  }

  /** Accepts a request. The request is answered exactly once, unless its session ends first. */
  add(init: RequestInit): Request {
    const request = new Request(init)
    const { session, route } = request
    const { lane } = session
    this.#requests.add(request)
    if (request.onOutcome !== undefined && route.name === hookRoutes.onConnect) lane.connectHook = request
    if (route.options.concurrent === true) {
      lane.concurrent = (lane.concurrent ?? new Set()).add(request)
      if (lane.connectHook === undefined) this.#queue.addAlone(request)
    } else {
      lane.waiting.push(request)
      this.#queue.addLane(session)
    }
    this.#timer ??= setInterval(() => this.#check(), checkInterval).unref()
    this.pumpSoon()
    return request
  }

  /**
   * Queues a session's concurrent requests that have come before its onConnect has ended. Does nothing if a
   * newer onConnect is pending.
   */
  connectHookDone(hook: Request): void {
    const { lane } = hook.session
    if (lane.connectHook !== hook) return
    lane.connectHook = undefined
    for (const request of lane.concurrent ?? []) this.#queue.addAlone(request)
    this.pumpSoon()
  }

  /**
   * Takes a hook out of its lane, if it has not started. Returns whether it will never run: not if it is over
   * already.
   */
  withdraw(hook: Request): boolean {
    hook.turn?.takeBack()
    if (hook.state !== 'waiting') return false
    leaveLane(hook)
    this.#requests.drop(hook, this.#init.monotonic())
    this.connectHookDone(hook)
    return true
  }

  /**
   * Hands out requests after all sockets with data were read (`setImmediate`), which makes fewer and larger
   * batches.
   */
  pumpSoon(): void {
    if (this.#isPumpSoon) return
    this.#isPumpSoon = true
    setImmediate(this.#pump)
  }

  /**
   * Decides the requests of an ended session without sending replies. Returns the requests that still run in
   * workers.
   */
  sessionEnded(session: Session): Request[] {
    const { lane } = session
    const { turn, held } = lane
    const running: Request[] = []
    const now = this.#init.monotonic()
    const drop = (request: Request) => {
      if (request.state === 'handedOut') running.push(request)
      this.#requests.drop(request, now)
    }
    turn?.takeBack()
    for (const request of [...(turn?.started ?? []), ...lane.waiting.splice(0)]) drop(request)
    for (const request of [...(lane.concurrent ?? [])]) {
      request.turn?.takeBack()
      drop(request)
    }
    // Its onClose is to run, even if the session was about to move.
    lane.held = undefined
    held?.()
    return running
  }

  /** Moves the work of a place without a worker to other places, or refuses it if there are none. */
  placeFailed(place: number): void {
    this.#queue.placeFailed(place)
    this.pumpSoon()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * Called when a worker has started `requests` requests in `micros` microseconds, and takes another batch.
   */
  workerReady(requests: number, micros: number): void {
    this.#size.learn(requests, micros)
    this.pumpSoon()
  }

  workerSlotDone(turn: Turn): void {
    turn.giveUpRest()
    this.pumpSoon()
  }

  /** Logs the end of a worker, and blames a route for it, while its requests are still known. */
  reportEnd(worker: Worker, cause: Error): void {
    reportDeath(worker, worker.ending.describe(cause), this.#init)
  }

  /** Answers the requests that had started in the worker with an error. The others go to other workers. */
  workerEnded(worker: Worker, cause: Error): void {
    const death = worker.ending.describe(cause)
    for (const turn of [...worker.turns]) {
      turn.takeBack()
      turn.goOn()
      for (const request of turn.started) this.#requests.settle(request, { error: errorOf(request, death) })
      worker.turns.free(turn)
    }
    this.pumpSoon()
  }

  readonly #pump = (): void => {
    this.#isPumpSoon = false
    // Workers with the fewest requests come first, so that the load is spread.
    const ready = this.#init.pool.up
      .filter(each => each.isReady)
      .sort((a, b) => a.load.undecided - b.load.undecided)
    const now = this.#init.monotonic()
    for (const worker of ready) if (this.#line.sizeFor(worker.index) > 0) this.#handOut(worker, now)
  }

  /** Fills one batch for the worker, from its share of the common line and from all of its own line. */
  #handOut(worker: Worker, now: number): void {
    const { places } = this.#init.pool
    let lanes = this.#size.shareOf(this.#line.commonSize, places.length) + this.#line.pinnedSize(worker.index)
    const most = this.#size.requests
    let [room, bytes] = [most, batchBytes]
    // A waiter without requests does not count towards the share. The number of looks is bounded, because a
    // lane may join the line again below.
    for (let looks = this.#line.sizeFor(worker.index); looks > 0; looks--) {
      if (lanes <= 0 || room <= 0 || bytes <= 0 || worker.turns.room === 0) break
      const { session, request } = this.#line.take(worker.index)!
      const requests =
        request === undefined
          ? this.#takeFromLane(session, worker, room, now)
          : this.#takeAlone(request, worker, now)
      if (requests.length === 0) continue
      const lane = request === undefined ? session.lane : undefined
      const turn = new Turn({ worker, slot: worker.turns.take(), requests, now, lane, listener: this })
      worker.add(turn)
      this.#requests.handedOut(turn)
      lanes--
      room -= requests.length
      bytes -= session.settingsText.length
      for (const { body } of requests) bytes -= body.length
    }
    this.#line.handedOut(most - room, now)
    if (!worker.sendBatch()) return
    this.#init.metrics.count('batches')
    this.batchSizes.add(most - room)
  }

  /**
   * Returns a list of the one request, or an empty list if it no longer waits or the worker may not run it.
   */
  #takeAlone(request: Request, worker: Worker, now: number): Request[] {
    request.isInLine = false
    const isWaiting = request.state === 'waiting' && request.session.lane.held === undefined
    if (!isWaiting || this.#deadlines.expire(request, now)) return []
    if (this.#mayRun(request, worker)) return [request]
    this.#queue.addAlone(request)
    return []
  }

  /** Takes the next requests of a lane, up to the first that may not run in that worker. */
  #takeFromLane(session: Session, worker: Worker, room: number, now: number): Request[] {
    const { lane } = session
    lane.isInLine = false
    if (lane.held !== undefined) return []
    // A request whose deadline has passed is answered and not run.
    while (lane.waiting.length > 0 && this.#deadlines.expire(lane.waiting[0]!, now));
    const requests = lane.take(
      worker.startsAtOnce ? 1 : room,
      request => this.#mayRun(request, worker) && !this.#deadlines.hasPassed(request, now)
    )
    if (requests[0]?.onOutcome !== undefined) requests[0].startClock(now)
    // The first request may not run here. It waits for another worker, or is refused if its route is gone.
    if (requests.length === 0) this.#queue.addLane(session)
    return requests
  }

  /** Whether a worker has the request's route, and is the one for its session's affinity, if it has one. */
  #mayRun(request: Request, worker: Worker): boolean {
    if (worker.indexOf(request.route.name) === undefined) return false
    const place = this.#queue.placeFor(request)
    return place === undefined || place === worker.index
  }

  turnOver(turn: Turn): void {
    turn.session.lane.held?.()
    if (turn.lane === undefined) return
    this.#queue.addLane(turn.session)
    this.pumpSoon()
  }

  turnTakenBack(turn: Turn, requests: readonly Request[]): void {
    this.#requests.takenBack(turn, requests)
    for (const request of requests) {
      this.#init.metrics.count('requestsTakenBack')
      if (turn.lane === undefined) this.#queue.addAlone(request)
    }
    this.pumpSoon()
  }

  #sweep(): void {
    const { timeLimits, pool, monotonic, log } = this.#init
    timeLimits.look()
    if (timeLimits.areOff) return
    const now = monotonic()
    this.#deadlines.sweep(now)
    goOnWithOverdue(pool.alive, now, log)
  }

  #check(): void {
    if (this.#requests.isEmpty) return this.close()
    if (++this.#checks % checksPerSweep === 0) this.#sweep()
    // Moves unstarted work from busy workers to an idle worker.
    const isPinned = (request: Request) => this.#queue.placeFor(request) === request.turn?.worker.index
    if (takeBackStuck(this.#init.pool.up, this.#line, isPinned)) this.pumpSoon()
  }
}
