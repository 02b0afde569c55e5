/**
 * The supervisor of the workers. Starts them, and replaces those that end, with exponential back-off if
 * replacements fail too. A reload replaces all of them by a new generation. The dispatcher decides which
 * worker gets which work.
 */
import { errors } from '../../shared/errors.js'
import type { LogFields, Logger } from '../../shared/text/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import { endOldest, tellOld } from './retiring.js'
import type { Worker } from './worker.js'
import type { WorkerListener } from './worker-listener.js'
import { WorkerStarts, type WorkerStartsInit } from './worker-starts.js'

/** Milliseconds before the first retry of a failed start, and maximum milliseconds before later retries. */
const firstPause = 100
const longestPause = 10_000

/** Milliseconds below which the life of a worker counts as short. */
const shortLife = 10_000

/** One place among the workers. It has a worker that is up, or waits for the start of one. */
interface Place {
  readonly index: number
  worker: Worker | undefined
  /** Number of failed starts since the last start that succeeded. */
  failures: number
  /** Time at which the worker came up, by `performance.now()`. */
  upAt: number
  /**
   * Number of consecutive workers that ended by themselves after a short life. An end that a request may have
   * caused does not count, since routes that end workers are suspended instead (suspensions.ts).
   */
  shortLives: number
  /** The worker that works on while its replacement starts, or waits for its next try; undefined: none. */
  renewing: Worker | undefined
  /** The next try of a place without a worker. */
  retry: NodeJS.Timeout | undefined
}

export interface PoolInit extends WorkerStartsInit {
  readonly size: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly start: (index: number) => Worker
  /** Called when a worker or a generation is up, with the routes and hooks that are offered from now on. */
  readonly onOffer: (worker: Pick<Worker, 'routes' | 'hooks' | 'notes'>) => void
  /** Called when a place has no worker for a while, because its replacement failed. */
  readonly onFailure: (place: number) => void
}

type PoolState = 'starting' | 'running' | 'closed'

export class Pool implements Pick<WorkerListener, 'workerUp' | 'workerEnded'> {
  readonly #init: PoolInit
  readonly #places: Place[]
  #state: PoolState = 'starting'
  // Both lists are kept, because they are read for every request. `#changed` rebuilds them.
  #up: readonly Worker[] = []
  #usablePlaces: readonly number[] = []
  /** Workers that hold no place: they start, retire or end, in a new generation or an earlier one. */
  readonly #others = new Set<Worker>()
  readonly #starts: WorkerStarts

  constructor(init: PoolInit) {
    this.#init = init
    this.#starts = new WorkerStarts(init)
    this.#places = Array.from({ length: init.size }, (_, index) => ({
      index,
      worker: undefined,
      failures: 0,
      upAt: 0,
      shortLives: 0,
      renewing: undefined,
      retry: undefined
    }))
  }

  /** Workers that are up, whether they take a batch now or not. */
  get up(): readonly Worker[] {
    return this.#up
  }

  /** Workers that are up, and retiring workers, which finish what they have begun. */
  get alive(): Worker[] {
    const all = [...this.#places.flatMap(({ worker }) => worker ?? []), ...this.#others]
    return all.filter(({ state }) => state === 'up' || state === 'retiring')
  }

  /** Places that work can wait for: all but those whose last start failed. */
  get places(): readonly number[] {
    return this.#usablePlaces
  }

  get size(): number {
    return this.#places.length
  }

  /**
   * Starts all workers. If one of them does not start, ends the others and rejects with the reason; also if
   * `givenUp` aborts.
   */
  async start(givenUp?: AbortSignal): Promise<void> {
    const generation = await this.#startGeneration(givenUp)
    this.#state = 'running'
    this.#install(generation)
  }

  /**
   * Replaces all workers. The present workers finish what they have begun. Rejects as `start` does.
   *
   * @throws `CLOSING`
   */
  async reload(givenUp?: AbortSignal): Promise<void> {
    if (this.#state !== 'running') throw errors.closing()
    const generation = await this.#startGeneration(givenUp)
    if (this.#state !== 'running') {
      await Promise.all(generation.map(worker => worker.terminate()))
      throw errors.closing()
    }
    const before = this.#places.flatMap(({ worker }) => worker ?? [])
    this.#install(generation)
    this.#init.metrics.count('workersReloaded', before.length)
    for (const worker of before) this.#others.add(worker)
    for (const worker of this.#others) worker.isOutdated = true
    for (const worker of before) worker.retire()
    for (const { index } of this.#places) tellOld(this.#retiring(index), this.#init.log)
  }

  /**
   * Starts a replacement. Once it is up, the worker finishes what it has begun. `why` is for the log;
   * `failures`: number of replacements that did not come up.
   */
  renew(worker: Worker, why: string, failures = 0): void {
    const place = this.#places[worker.index]!
    if (this.#state !== 'running' || place.worker !== worker || place.renewing === worker) return
    place.renewing = worker
    const over = () => {
      if (place.renewing === worker) place.renewing = undefined
    }
    this.#startWorker(place.index).then(
      next => {
        over()
        // A reload may have filled the place meanwhile. If the worker has ended, `next` still gets the place.
        if (this.#state !== 'running' || (place.worker ?? worker) !== worker) return void next.terminate()
        this.#fillPlace(place, next)
        if (worker.state === 'ended') return
        this.#init.log.warn('A worker is retired: another one has its place', { worker: place.index, why })
        this.#init.metrics.count('workersRetired')
        this.#others.add(worker)
        worker.retire()
        endOldest(this.#retiring(place.index))
      },
      error => {
        const pause = pauseAfter(failures)
        const message = 'The replacement of a worker did not come up; the worker goes on'
        this.#init.log.error(message, { worker: place.index, why, nextTryInMs: pause, error: error.message })
        const again = () => {
          over()
          this.renew(worker, why, failures + 1)
        }
        setTimeout(again, pause).unref()
      }
    )
  }

  /** What the workers load or start that are not up yet. */
  get steps(): string[] {
    return this.#starts.steps
  }

  /** Kills the worker at a place without stopping the game first, as a fault would. */
  async kill(index: number): Promise<void> {
    const worker = this.#up.find(each => each.index === index)
    if (worker === undefined) throw new RangeError(`There is no worker ${index} that is up`)
    await worker.ending.kill()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    for (const place of this.#places) clearTimeout(place.retry)
    const workers = [...this.#others, ...this.#places.flatMap(({ worker }) => worker ?? [])]
    await Promise.all(workers.map(worker => worker.terminate()))
  }

  workerUp(worker: Worker): void {
    this.#starts.up(worker)
  }

  workerEnded(worker: Worker, cause: Error): void {
    this.#others.delete(worker)
    if (this.#starts.ended(worker, cause)) return
    const place = this.#places[worker.index]!
    if (place.worker !== worker || this.#state !== 'running') return
    place.worker = undefined
    const { culprit, suspect } = worker.ending.describe(cause)
    const isByItself = worker.ending.by === 'itself' && culprit === undefined && suspect === undefined
    const isShort = performance.now() - place.upAt < shortLife
    place.shortLives = isByItself && isShort ? place.shortLives + 1 : 0
    if (place.shortLives < 2) return this.#replace(place)
    this.#pause(place, place.shortLives - 2, 'Workers end soon after their start, again and again', cause)
  }

  async #startGeneration(givenUp?: AbortSignal): Promise<Worker[]> {
    const starts = this.#places.map(({ index }) => this.#startWorker(index, givenUp))
    try {
      return await Promise.all(starts)
    } catch (error) {
      const settled = await Promise.allSettled(starts)
      await Promise.all(
        settled.map(each => (each.status === 'fulfilled' ? each.value.terminate() : undefined))
      )
      throw error
    }
  }

  /** Starts a worker. `async` makes an exception of `start` a rejection, like any later failure. */
  async #startWorker(index: number, givenUp?: AbortSignal): Promise<Worker> {
    const worker = this.#init.start(index)
    this.#others.add(worker)
    return await this.#starts.wait(worker, givenUp)
  }

  #install(generation: readonly Worker[]): void {
    for (const worker of generation) {
      this.#others.delete(worker)
      const place = this.#places[worker.index]!
      this.#settle(place, worker)
      place.shortLives = 0
    }
    this.#changed()
    this.#init.onOffer(generation[0]!)
    // A worker may have ended, without a replacement, while the others were still starting.
    for (const worker of generation) {
      if (worker.state === 'ended') this.#replace(this.#places[worker.index]!)
    }
  }

  #changed(): void {
    this.#up = this.#places.flatMap(({ worker }) => (worker?.state === 'up' ? [worker] : []))
    this.#usablePlaces = this.#places.flatMap(({ index, failures }) => (failures === 0 ? [index] : []))
  }

  /** Starts a replacement at once. Each failure doubles the pause before the next try. */
  #replace(place: Place): void {
    place.worker = undefined
    this.#changed()
    this.#startWorker(place.index).then(
      worker => {
        if (this.#state !== 'running' || place.worker !== undefined) {
          void worker.terminate()
          return
        }
        const fields: LogFields = { worker: place.index, failedBefore: place.failures }
        this.#init.log.info('A worker was replaced', fields)
        this.#fillPlace(place, worker)
      },
      error => {
        if (this.#state !== 'running' || place.worker !== undefined) return
        this.#pause(place, place.failures, 'A worker did not come up', error)
      }
    )
  }

  /** Puts a worker that is up into a place. */
  #fillPlace(place: Place, worker: Worker): void {
    this.#others.delete(worker)
    this.#settle(place, worker)
    this.#changed()
    this.#init.onOffer(worker)
  }

  /** The retiring workers of a place, oldest first. */
  #retiring(index: number): Worker[] {
    return [...this.#others].filter(each => each.index === index && each.state === 'retiring')
  }

  #settle(place: Place, worker: Worker): void {
    // The next try would take the place from this worker.
    clearTimeout(place.retry)
    place.worker = worker
    place.upAt = performance.now()
    place.failures = 0
  }

  /** Tries again after a pause that doubles with each failure. */
  #pause(place: Place, times: number, message: string, error: Error): void {
    const pause = pauseAfter(times)
    place.failures++
    this.#init.log.error(message, { worker: place.index, nextTryInMs: pause, error: error.message })
    this.#changed()
    this.#init.onFailure(place.index)
    clearTimeout(place.retry)
    place.retry = setTimeout(() => this.#replace(place), pause)
  }
}

/** Returns the milliseconds before the next try, after so many failures before this one. */
function pauseAfter(failures: number): number {
  return Math.min(firstPause * 2 ** failures, longestPause)
}
