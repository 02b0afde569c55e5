/**
 * Hands requests out to workers and sees to it that each is answered once. Work is handed out in batches: as soon as a
 * worker is ready it takes a share of the lanes that wait. Nobody waits for a timer; the one timer here looks for
 * deadlines that have passed and for work that is stuck behind other work.
 *
 *   add ──▶ lane ──▶ line ──▶ turn in a batch ──▶ outcome ──▶ reply
 *             ▲                    │
 *             └──── taken back ────┘
 */
import { requestFlags } from '../shared/batch.js'
import { errors } from '../shared/errors.js'
import type { Logger, LogLevel } from '../shared/log.js'
import { placeOf } from './affinity.js'
import { Line } from './line.js'
import type { Metrics } from './metrics.js'
import type { Pool } from './pool.js'
import { Request, type RequestInit } from './request.js'
import type { Session } from './session.js'
import { Turn, type TurnListener } from './turn.js'
import type { Outcome, WorkerListener, WorkerThread } from './worker-thread.js'

/** A batch's bounds: requests, bytes of bodies and settings, and microseconds that it should take. */
const batchRequests = 64
const batchBytes = 256 * 1024
const batchMicros = 1_000
/** Microseconds of work that are not worth waking a second worker for. */
const littleMicros = 300
/** Requests of one lane in a turn. */
const turnRequests = 16

/** Milliseconds between two looks at deadlines and at stuck work; only while there is work. */
const lookInterval = 5
/** Every so many looks the deadlines are gone through. */
const looksPerSweep = 10
/** Milliseconds after which what lies unstarted in a busy worker may move to an idle one. */
const stuckAfter = 2

export interface DispatcherInit {
  readonly pool: Pool
  readonly metrics: Metrics
  readonly log: Logger
  readonly laneLimit: number
  readonly now: () => number
}

export class Dispatcher implements Omit<WorkerListener, 'workerUp'>, TurnListener {
  readonly #init: DispatcherInit
  readonly #line: Line
  /** Requests that are not decided, and those decided whose worker still runs them. */
  readonly #requests = new Map<number, Request>()
  /** Requests that are not decided. */
  #open = 0
  /** What a request costs a worker, in microseconds: a moving mean. Begins high, so that first batches are small. */
  #meanMicros = 100
  #isPumpSoon = false
  #look: NodeJS.Timeout | undefined
  #looks = 0
  #onIdle: (() => void) | undefined

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#line = new Line(init.pool.size)
  }

  get waiting(): number {
    let waiting = 0
    for (const { state } of this.#requests.values()) if (state === 'waiting') waiting++
    return waiting
  }

  get running(): number {
    return this.#open - this.waiting
  }

  /** Takes a request in. It is answered once, or its session ends. */
  add(init: RequestInit): void {
    const request = new Request(init)
    const { session, route } = request
    const { lane } = session
    this.#requests.set(request.rid, request)
    this.#open++
    if (++lane.open >= this.#init.laneLimit && !lane.isPausing) {
      lane.isPausing = true
      session.receiver?.pause()
    }
    if (route.options.concurrent === true) {
      lane.concurrent ??= new Set()
      lane.concurrent.add(request)
      this.#line.add(session, request, this.#placeFor(request))
    } else {
      lane.waiting.push(request)
      this.#lineUp(session)
    }
    this.#look ??= setInterval(() => this.#lookAround(), lookInterval).unref()
    this.pumpSoon()
  }

  /** Hands out what can be handed out, once all that arrived in this tick is here. */
  pumpSoon(): void {
    if (this.#isPumpSoon) return
    this.#isPumpSoon = true
    process.nextTick(this.#pump)
  }

  /** The session has ended: its requests are decided, and nobody is told. */
  sessionEnded(session: Session): void {
    const { lane } = session
    const { turn } = lane
    if (turn !== undefined) {
      turn.takeBack()
      for (const request of turn.started) this.#drop(request)
    }
    for (const request of lane.waiting.splice(0)) this.#drop(request)
    for (const request of lane.concurrent ?? []) {
      request.turn?.takeBack()
      this.#drop(request)
    }
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

  /** Resolves once no request is open. */
  async idle(): Promise<void> {
    if (this.#open > 0) await new Promise<void>(resolve => (this.#onIdle = resolve))
  }

  close(): void {
    clearInterval(this.#look)
    this.#look = undefined
  }

  workerReady(_worker: WorkerThread, started: number, micros: number): void {
    if (started > 0) this.#meanMicros += (micros / started - this.#meanMicros) / 8
    this.pumpSoon()
  }

  workerOutcome(_worker: WorkerThread, rid: number, outcome: Outcome): void {
    const request = this.#requests.get(rid)
    if (request === undefined) return
    this.#requests.delete(rid)
    const { turn } = request
    this.#decide(request, outcome)
    turn?.countOutcome()
  }

  workerReleased(worker: WorkerThread, turn: Turn): void {
    turn.takeBack()
    worker.freeSlot(turn)
    this.pumpSoon()
  }

  workerLog(worker: WorkerThread, level: LogLevel, message: string, fields: string): void {
    this.#init.log[level](message, { ...JSON.parse(fields), worker: worker.index })
  }

  /** What had started there is answered; what had not goes to other workers. */
  workerEnded(worker: WorkerThread, cause: Error): void {
    const { lastWords } = worker
    this.#logEnd(worker, cause)
    const why = lastWords?.cause ?? describeEnd(cause)
    for (const turn of [...worker.turns]) {
      turn.takeBack()
      for (const request of turn.started) {
        this.#requests.delete(request.rid)
        const { name } = request.route
        const error =
          request.rid === lastWords?.rid ? errors.handlerFatal(name, why) : errors.workerLost(name, why)
        this.#decide(request, { error })
      }
      worker.freeSlot(turn)
    }
    this.pumpSoon()
  }

  readonly #pump = (): void => {
    this.#isPumpSoon = false
    // The idlest first, so that what waits is spread.
    const ready = this.#init.pool.up.filter(worker => worker.isReady)
    if (ready.length > 1) ready.sort((a, b) => a.unended - b.unended)
    for (const worker of ready) if (this.#line.sizeFor(worker.index) > 0) this.#handOut(worker)
  }

  /** Fills one batch for the worker: its share of the common line, and all of its own. */
  #handOut(worker: WorkerThread): void {
    let lanes = this.#shareOf(this.#line.commonSize) + this.#line.pinnedSize(worker.index)
    let room = Math.max(1, Math.min(batchRequests, Math.floor(batchMicros / this.#meanMicros)))
    let bytes = batchBytes
    // Who has left the line's business meanwhile does not count for the share, but each is looked at once.
    for (let looks = this.#line.sizeFor(worker.index); looks > 0; looks--) {
      if (lanes <= 0 || room <= 0 || bytes <= 0 || worker.room === 0) break
      const { session, request } = this.#line.take(worker.index)!
      const requests =
        request === undefined ? this.#takeFromLane(session, worker, room) : this.#takeAlone(request, worker)
      if (requests.length === 0) continue
      const lane = request === undefined ? session.lane : undefined
      worker.add(new Turn({ worker, slot: worker.takeSlot(), requests, lane, listener: this }))
      lanes--
      room -= requests.length
      bytes -= session.settingsText.length
      for (const { body } of requests) bytes -= body.length
    }
    if (worker.sendBatch()) this.#init.metrics.count('batches')
  }

  /** What one worker takes of the common line: a part for each worker; all of it, if that is soon done. */
  #shareOf(lanes: number): number {
    const isLittle = lanes * this.#meanMicros < littleMicros
    return isLittle ? lanes : Math.ceil(lanes / (this.#init.pool.places.length || 1))
  }

  /** A concurrent request, if it is still to be run, and may be in that worker. */
  #takeAlone(request: Request, worker: WorkerThread): Request[] {
    if (request.state !== 'waiting') return []
    if (worker.indexOf(request.route.name) !== undefined) return [request]
    this.#lineUpAlone(request)
    return []
  }

  /** The next requests of a lane, as far as they may run in that worker. */
  #takeFromLane(session: Session, worker: WorkerThread, room: number): Request[] {
    const { lane } = session
    lane.isInLine = false
    const most = Math.min(turnRequests, room, lane.waiting.length)
    let count = 0
    while (count < most) {
      const request = lane.waiting[count]!
      if (worker.indexOf(request.route.name) === undefined) break
      const place = this.#placeFor(request)
      if (place !== undefined && place !== worker.index) break
      count++
    }
    const requests = lane.waiting.splice(0, count)
    // Nothing of it may run here: it waits elsewhere, or its route is gone.
    if (count === 0) this.#lineUp(session)
    return requests
  }

  turnOver(turn: Turn): void {
    if (turn.lane === undefined) return
    this.#lineUp(turn.session)
    this.pumpSoon()
  }

  turnTakenBack(turn: Turn, requests: readonly Request[]): void {
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
    if (first === undefined || lane.turn !== undefined || lane.isInLine || !session.isOpen) return
    lane.isInLine = true
    this.#line.add(session, undefined, this.#placeFor(first))
  }

  #lineUpAlone(request: Request): void {
    this.#refuseGone([request])
    if (request.state === 'waiting') this.#line.add(request.session, request, this.#placeFor(request))
  }

  /** The only worker that may run the request; undefined: any. */
  #placeFor({ route, session }: Request): number | undefined {
    const { affinity } = route.options
    if (affinity === undefined) return undefined
    const value = affinity === 'uid' ? session.uid : session.textOf(affinity)
    return value === null || value === undefined ? undefined : placeOf(value, this.#init.pool.places)
  }

  /** Decides a request and tells its client, if it asked for an answer. */
  #decide(request: Request, outcome: Outcome): void {
    if (request.state === 'decided') return
    const { session, route, id, flags } = request
    const { metrics, log } = this.#init
    if ('error' in outcome) metrics.count('errors')
    if ((flags & requestFlags.notify) === 0) {
      metrics.count('replies')
      if ('error' in outcome) session.receiver?.error(id, outcome.error)
      else session.receiver?.reply(id, outcome.body)
    } else if ('error' in outcome) {
      const { code, message } = outcome.error
      log.warn('A notify failed', { route: route.name, sid: session.sid, code, error: message })
    }
    this.#close(request)
  }

  /** Decides a request without telling anybody: its session is gone. */
  #drop(request: Request): void {
    if (request.state === 'decided') return
    request.turn?.worker.abort(request, 'session closed')
    this.#close(request)
  }

  #close(request: Request): void {
    const { session, turn } = request
    const { lane } = session
    this.#open--
    lane.open--
    lane.concurrent?.delete(request)
    if (turn === undefined) {
      request.state = 'decided'
      this.#requests.delete(request.rid)
    } else {
      turn.decide(request)
    }
    if (lane.isPausing && lane.open <= this.#init.laneLimit / 2) {
      lane.isPausing = false
      session.receiver?.resume()
    }
    if (this.#open === 0) this.#onIdle?.()
  }

  /** Answers those whose route no worker offers any more, or that no worker will be there for. */
  #refuseGone(requests: Request[]): void {
    const hasPlaces = this.#init.pool.places.length > 0
    for (let i = 0; i < requests.length; i++) {
      const request = requests[i]!
      const { isOffered, name } = request.route
      if (isOffered && hasPlaces) continue
      requests.splice(i--, 1)
      this.#decide(request, { error: isOffered ? errors.noWorker(name) : errors.routeUnknown(name) })
    }
  }

  #lookAround(): void {
    if (this.#requests.size === 0) return this.close()
    if (++this.#looks % looksPerSweep === 0) this.#sweepDeadlines()
    this.#moveStuck()
  }

  #sweepDeadlines(): void {
    const now = this.#init.now()
    for (const request of this.#requests.values()) {
      if (request.deadline <= now && request.state !== 'decided') this.#timeOut(request)
    }
  }

  /** What it does from now on has no effect, and its lane goes on without it. */
  #timeOut(request: Request): void {
    const { route, session, timeout } = request
    request.turn?.takeBack()
    this.#init.metrics.count('timeouts')
    request.turn?.worker.abort(request, 'timeout')
    const { waiting } = session.lane
    const at = waiting.indexOf(request)
    if (at >= 0) waiting.splice(at, 1)
    this.#decide(request, { error: errors.timeout(route.name, timeout) })
  }

  /** Moves what lies unstarted in a worker that is busy to one that is idle, if that has nothing else to do. */
  #moveStuck(): void {
    const { up } = this.#init.pool
    const idle = up.filter(worker => worker.isReady && this.#line.sizeFor(worker.index) === 0)
    if (idle.length === 0) return
    const now = performance.now()
    for (const worker of up) {
      if (worker.isReady || now - worker.batchLeftAt < stuckAfter) continue
      for (const turn of worker.turns) {
        if (!turn.isIdle || this.#placeFor(turn.requests[0]!) === worker.index) continue
        turn.takeBack()
      }
    }
    this.pumpSoon()
  }

  #logEnd(worker: WorkerThread, cause: Error): void {
    // One that never came up is the supervisor's to tell of.
    if (worker.isExpectedToEnd || worker.routes.length === 0) return
    this.#init.metrics.count('workersLost')
    const { lastWords } = worker
    const route = this.#requests.get(lastWords?.rid ?? 0)?.route.name ?? 'unknown'
    const detail = lastWords?.detail || cause.stack || cause.message
    this.#init.log.error('A worker ended', {
      worker: worker.index,
      cause: lastWords?.cause ?? describeEnd(cause),
      route,
      detail
    })
  }
}

/** How a thread's end that came without last words is told to clients. */
function describeEnd(cause: Error): string {
  return (cause as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'out of memory'
    : 'its thread ended'
}
