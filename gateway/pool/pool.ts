/**
 * The supervisor of the workers. Starts them, and replaces those that end, with exponential back-off if
 * replacements fail too. A reload replaces all of them by a new generation. The dispatcher decides which
 * worker gets which work.
 */
import { errors } from '../../shared/errors.js'
import type { LogFields, Logger } from '../../shared/text/log.js'
import { withTimeout } from '../../shared/with-timeout.js'
import type { Metrics } from '../telemetry/metrics.js'
import { type Place, Places } from './places.js'
import { endOldest, tellOld } from './retiring.js'
import type { Worker } from './worker.js'
import type { WorkerListener } from './worker-listener.js'
import { createCancel, WorkerStarts, type WorkerStartsInit } from './worker-starts.js'

/** Milliseconds before the first retry of a failed start, and maximum milliseconds before later retries. */
const firstPause = 100
const longestPause = 10_000

/**
 * Milliseconds that the other workers of a start may still take once one has failed, so that a game which has
 * started in them is stopped, too.
 */
const startGrace = 500

/** Milliseconds below which the life of a worker counts as short. */
const shortLife = 10_000

export interface PoolInit extends WorkerStartsInit {
  readonly size: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly start: (index: number) => Worker
  /** Called when a worker or a generation is up, with the routes and hooks that are offered from now on. */
  readonly onOffer: (worker: Pick<Worker, 'routes' | 'hooks' | 'notes'>) => void
  /** Called when a worker has got its place: it is no part of a start that was cancelled. */
  readonly onPlaced: (worker: Worker) => void
  /** Called when a place has no worker for a while, because its replacement failed. */
  readonly onFailure: (place: number) => void
}

type PoolState = 'starting' | 'running' | 'closed'

export class Pool implements Pick<WorkerListener, 'workerUp' | 'workerEnded'> {
  readonly #init: PoolInit
  readonly #places: Places
  #state: PoolState = 'starting'
  /** Workers that hold no place: they start, retire or end, in a new generation or an earlier one. */
  readonly #others = new Set<Worker>()
  readonly #starts: WorkerStarts
  /** Ends the replacements that start: a reload starts a worker for each place itself. */
  #replacing = createCancel()

  constructor(init: PoolInit) {
    this.#init = init
    this.#starts = new WorkerStarts(init)
    this.#places = new Places(init.size, init.onPlaced)
  }

  /** Workers that are up, whether they take a batch now or not. */
  get up(): readonly Worker[] {
    return this.#places.up
  }

  /** Workers that are up, and retiring workers, which finish what they have begun. */
  get alive(): Worker[] {
    return [...this.#places.workers, ...this.#others].filter(
      ({ state }) => state === 'up' || state === 'retiring'
    )
  }

  /** Places that work can wait for: all but those whose last start failed. */
  get places(): readonly number[] {
    return this.#places.usable
  }

  get size(): number {
    return this.#places.all.length
  }

  /**
   * Starts all workers. If one of them does not start, ends the others, which may come up for `startGrace`,
   * and rejects with the reason; also if `cancelled` aborts.
   */
  async start(cancelled?: AbortSignal): Promise<void> {
    const generation = await this.#startGeneration(cancelled)
    this.#state = 'running'
    this.#install(generation)
  }

  /**
   * Replaces all workers. The present workers finish what they have begun. Rejects as `start` does.
   *
   * @throws `CLOSING`
   */
  async reload(cancelled?: AbortSignal): Promise<void> {
    if (this.#state !== 'running') throw errors.closing()
    const generation = await this.#startGeneration(cancelled)
    if (this.#state !== 'running') {
      await Promise.all(generation.map(worker => worker.terminate()))
      throw errors.closing()
    }
    this.#replacing.abort()
    this.#replacing = createCancel()
    const before = this.#places.workers
    for (const worker of generation) this.#others.delete(worker)
    for (const worker of before) this.#others.add(worker)
    for (const worker of this.#others) worker.isOutdated = true
    this.#install(generation)
    this.#init.metrics.count('workersReloaded', before.length)
    for (const worker of before) worker.retire()
    for (const { index } of this.#places.all) tellOld(this.#retiring(index), this.#init.log)
  }

  /**
   * Starts a replacement. Once it is up, the worker finishes what it has begun. `why` is for the log;
   * `failures`: number of replacements that did not come up.
   */
  renew(worker: Worker, why: string, failures = 0): void {
    const place = this.#places.of(worker)
    if (this.#state !== 'running' || place.worker !== worker || place.renewing === worker) return
    place.renewing = worker
    const over = () => {
      if (place.renewing === worker) place.renewing = undefined
    }
    this.#startReplacement(place).then(
      next => {
        over()
        if (next === undefined) return
        // If the worker has ended, `next` still gets the place, unless another replacement was faster.
        if ((place.worker ?? worker) !== worker) return void next.terminate()
        this.#fillPlace(next)
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
    const worker = this.up.find(each => each.index === index)
    if (worker === undefined) throw new RangeError(`There is no worker ${index} that is up`)
    await worker.ending.kill()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#replacing.abort()
    this.#places.close()
    const workers = [...this.#others, ...this.#places.workers]
    await Promise.all(workers.map(worker => worker.terminate()))
  }

  workerUp(worker: Worker): void {
    this.#starts.up(worker)
  }

  workerEnded(worker: Worker, cause: Error): void {
    this.#others.delete(worker)
    if (this.#starts.ended(worker, cause)) return
    const place = this.#places.of(worker)
    if (place.worker !== worker || this.#state !== 'running') return
    place.worker = undefined
    const { culprit, suspect } = worker.ending.describe(cause)
    const isByItself = worker.ending.by === 'itself' && culprit === undefined && suspect === undefined
    const isShort = performance.now() - place.upAt < shortLife
    place.shortLives = isByItself && isShort ? place.shortLives + 1 : 0
    if (place.shortLives < 2) return this.#replace(place)
    this.#pause(place, place.shortLives - 2, 'Workers end soon after their start, again and again', cause)
  }

  async #startGeneration(cancelled?: AbortSignal): Promise<Worker[]> {
    const failed = createCancel()
    cancelled?.addEventListener('abort', () => failed.abort(cancelled.reason))
    const starts = this.#places.all.map(({ index }) => this.#startWorker(index, failed.signal))
    try {
      return await Promise.all(starts)
    } catch (error) {
      await withTimeout(
        startGrace,
        Promise.allSettled(starts).then(() => {})
      )
      failed.abort(error)
      const settled = await Promise.allSettled(starts)
      await Promise.all(
        settled.map(each => (each.status === 'fulfilled' ? each.value.terminate() : undefined))
      )
      throw error
    }
  }

  /** Starts a worker for a place. Returns undefined if a reload or the end of the pool was faster. */
  async #startReplacement(place: Place): Promise<Worker | undefined> {
    const { signal } = this.#replacing
    try {
      const worker = await this.#startWorker(place.index, signal)
      // The reload may have come just after the worker.
      if (!signal.aborted) return worker
      void worker.terminate()
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return undefined
  }

  /** Starts a worker. `async` makes an exception of `start` a rejection, like any later failure. */
  async #startWorker(index: number, cancelled: AbortSignal): Promise<Worker> {
    const worker = this.#init.start(index)
    this.#others.add(worker)
    return await this.#starts.wait(worker, cancelled)
  }

  #install(generation: readonly Worker[]): void {
    for (const worker of generation) {
      this.#others.delete(worker)
      this.#places.settle(worker)
      this.#places.of(worker).shortLives = 0
    }
    this.#places.changed()
    this.#init.onOffer(generation[0]!)
    // A worker may have ended, without a replacement, while the others were still starting.
    for (const worker of generation) {
      if (worker.state === 'ended') this.#replace(this.#places.of(worker))
    }
  }

  /** Starts a replacement at once. Each failure doubles the pause before the next try. */
  #replace(place: Place): void {
    place.worker = undefined
    this.#places.changed()
    this.#startReplacement(place).then(
      worker => {
        if (worker === undefined) return
        if (place.worker !== undefined) return void worker.terminate()
        const fields: LogFields = { worker: place.index, failedBefore: place.failures }
        this.#init.log.info('A worker was replaced', fields)
        this.#fillPlace(worker)
      },
      error => {
        if (place.worker !== undefined) return
        this.#pause(place, place.failures, 'A worker did not come up', error)
      }
    )
  }

  /** Puts a worker that is up into its place. */
  #fillPlace(worker: Worker): void {
    this.#others.delete(worker)
    this.#places.settle(worker)
    this.#places.changed()
    this.#init.onOffer(worker)
  }

  /** The retiring workers of a place, oldest first. */
  #retiring(index: number): Worker[] {
    return [...this.#others].filter(each => each.index === index && each.state === 'retiring')
  }

  /** Tries again after a pause that doubles with each failure. */
  #pause(place: Place, times: number, message: string, error: Error): void {
    const pause = pauseAfter(times)
    place.failures++
    this.#init.log.error(message, { worker: place.index, nextTryInMs: pause, error: error.message })
    this.#places.changed()
    this.#init.onFailure(place.index)
    clearTimeout(place.retry)
    place.retry = setTimeout(() => this.#replace(place), pause)
  }
}

/** Returns the milliseconds before the next try, after so many failures before this one. */
function pauseAfter(failures: number): number {
  return Math.min(firstPause * 2 ** failures, longestPause)
}
