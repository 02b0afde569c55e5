/** What the console shows of workers: their state, load and heap, and why earlier ones have ended. */
import type { WorkerStatus } from '../../shared/examination/question.js'
import { valueWithin } from '../../shared/with-timeout.js'
import type { Pool } from '../pool/pool.js'
import type { Worker } from '../pool/worker.js'
import type { WorkerDetail, WorkerEnd, WorkerState } from './api/console-api.js'

/** Ends of workers that are kept for each place. */
const keptEnds = 20

/** Milliseconds that a worker has to tell its status. A busy one tells it later, for the next call. */
const patience = 300

export interface WorkerViewsInit {
  readonly pool: Pool
  readonly isolation: 'thread' | 'process'
  readonly now: () => number
}

interface Place {
  starts: number
  /** Newest first. */
  readonly ends: WorkerEnd[]
}

export class WorkerViews {
  readonly #init: WorkerViewsInit
  readonly #places = new Map<number, Place>()
  /** When each worker came up, by the time of day and by `performance.now()`. */
  readonly #upAt = new WeakMap<Worker, { readonly at: number; readonly since: number }>()
  /** Workers that have got their places. */
  readonly #placed = new WeakSet<Worker>()
  /** Why an operator has restarted a worker, for the list of ends. */
  readonly #restarted = new WeakSet<Worker>()
  readonly #asked = new WeakMap<Worker, Promise<WorkerStatus | undefined>>()

  constructor(init: WorkerViewsInit) {
    this.#init = init
  }

  /** Notes that a worker is up. */
  workerUp(worker: Worker): void {
    this.#upAt.set(worker, { at: this.#init.now(), since: performance.now() })
  }

  /** Counts a worker that has got its place. */
  workerPlaced(worker: Worker): void {
    this.#placed.add(worker)
    this.#placeOf(worker.index).starts++
  }

  /** Notes why a worker has ended, if it has had a place. */
  workerEnded(worker: Worker, error: Error): void {
    const up = this.#upAt.get(worker)
    if (up === undefined || !this.#placed.has(worker)) return
    const isExpected = worker.ending.by === 'gateway'
    const { cause, culprit } = worker.ending.describe(error)
    const expected = this.#restarted.has(worker) ? 'restarted from the console' : 'replaced by the gateway'
    const { ends } = this.#placeOf(worker.index)
    const at = this.#init.now()
    const route = isExpected ? null : (culprit?.route ?? null)
    ends.unshift({
      at,
      cause: isExpected ? expected : cause,
      route,
      lived: (performance.now() - up.since) / 1_000
    })
    if (ends.length > keptEnds) ends.pop()
  }

  /** Returns the worker of a place; undefined if none is up there. */
  find(index: number): Worker | undefined {
    return this.#init.pool.up.find(worker => worker.index === index)
  }

  /** Replaces a worker. It finishes what it has begun. */
  restart(worker: Worker): void {
    this.#restarted.add(worker)
    this.#init.pool.renew(worker, 'it was restarted from the console')
  }

  /** Returns all workers, by place; those that retire come after the one that has their place. */
  async list(): Promise<WorkerDetail[]> {
    const { pool } = this.#init
    const details = await Promise.all(pool.alive.map(worker => this.#describe(worker)))
    for (let index = 0; index < pool.size; index++) {
      if (details.some(each => each.index === index && each.state === 'up')) continue
      details.push(this.#describeEmpty(index, pool.places.includes(index) ? 'starting' : 'failed'))
    }
    return details.sort((a, b) => a.index - b.index || rank(a.state) - rank(b.state))
  }

  async #describe(worker: Worker): Promise<WorkerDetail> {
    const status = await this.#statusOf(worker)
    const { index, state, load, turns, batchLeftAt } = worker
    const { now } = this.#init
    const requests = load.undecided
    const isBusy = turns.size > 0 && batchLeftAt > 0
    const since = Math.round(now() - (performance.now() - batchLeftAt))
    return {
      ...this.#describeEmpty(index, state === 'up' ? 'up' : 'retiring'),
      busy: status && { active: status.active / 1_000, total: (status.active + status.idle) / 1_000 },
      requests,
      givenUp: load.givenUp.size,
      id: status?.id ?? null,
      since: this.#upAt.get(worker)?.at ?? null,
      batch: isBusy ? { turns: turns.size, requests, since } : null,
      heap: status && { used: status.heapUsed, total: status.heapTotal, limit: status.heapLimit },
      givenUpRoutes: load.givenUp.routes
    }
  }

  #describeEmpty(index: number, state: WorkerState): WorkerDetail {
    const { starts, ends } = this.#placeOf(index)
    const { isolation } = this.#init
    const unknown = { busy: null, id: null, since: null, batch: null, heap: null }
    const restarts = Math.max(0, starts - 1)
    return { index, state, isolation, ...unknown, requests: 0, givenUp: 0, restarts, givenUpRoutes: [], ends }
  }

  /** Asks a worker for its status, once at a time: a busy worker answers when it can. */
  async #statusOf(worker: Worker): Promise<WorkerStatus | null> {
    let asked = this.#asked.get(worker)
    if (asked === undefined) {
      asked = worker
        .ask({ kind: 'status' })
        .then(readStatus, () => undefined)
        .finally(() => this.#asked.delete(worker))
      this.#asked.set(worker, asked)
    }
    return (await valueWithin(patience, asked)) ?? null
  }

  #placeOf(index: number): Place {
    let place = this.#places.get(index)
    if (place === undefined) this.#places.set(index, (place = { starts: 0, ends: [] }))
    return place
  }
}

function rank(state: WorkerState): number {
  return state === 'retiring' ? 1 : 0
}

const statusNames = ['id', 'active', 'idle', 'heapUsed', 'heapTotal', 'heapLimit'] as const

/** Returns the status that a worker tells; undefined if it is none. The game may have forged it. */
function readStatus(told: unknown): WorkerStatus | undefined {
  if (typeof told !== 'object' || told === null) return undefined
  const status: Record<string, number> = {}
  for (const name of statusNames) {
    const value = (told as Record<string, unknown>)[name]
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
    status[name] = value
  }
  return status as unknown as WorkerStatus
}
