/**
 * The supervisor of the workers: starts them, replaces those that end, with back-off when replacements fail too, and
 * swaps all of them for a new generation when handlers are reloaded. Which worker gets which work is the
 * dispatcher's business.
 */
import { errors, GatewayError } from '../../shared/errors.js'
import type { LogFields, Logger } from '../../shared/text/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Worker } from './worker.js'
import type { WorkerListener } from './worker-listener.js'

/** Milliseconds before the first, and at most before any, new try of a worker that did not come up. */
const firstPause = 100
const longestPause = 10_000

/** Milliseconds that a worker must live, or it has ended soon. */
const shortLife = 10_000

/** Workers that may retire at one place at the same time. */
const mostRetiring = 2

/** One place among the workers: a thread that is up or coming up, or the wait for the next try. */
interface Place {
  readonly index: number
  worker: Worker | undefined
  /** Starts that failed since the last that did not. */
  failures: number
  /** By `performance.now()`. */
  upAt: number
  /** Workers in a row that ended soon, and by themselves: for what a request has done its route is suspended. */
  shortLives: number
  /** Whether a replacement comes up beside its worker. */
  isRenewed: boolean
  retry: NodeJS.Timeout | undefined
}

export interface PoolInit {
  readonly size: number
  readonly startTimeout: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly start: (index: number) => Worker
  /** A generation of workers is up and offers what this one does; hand-out goes to it from now on. */
  readonly onOffer: (worker: Pick<Worker, 'routes' | 'hooks'>) => void
  /** A replacement did not come up: its place has no worker for a while. */
  readonly onFailure: (place: number) => void
}

type PoolState = 'starting' | 'running' | 'closed'

export class Pool implements Pick<WorkerListener, 'workerUp' | 'workerEnded'> {
  readonly #init: PoolInit
  readonly #places: Place[]
  #state: PoolState = 'starting'
  // Asked for with every request: kept, and made anew by `#changed`.
  #up: readonly Worker[] = []
  #hopeful: readonly number[] = []
  /** Workers that are coming up or dying outside their place: of a new generation, or of the one before. */
  readonly #others = new Set<Worker>()
  readonly #starts = new Map<
    Worker,
    { up: () => void; failed: (error: Error) => void; timer: NodeJS.Timeout }
  >()

  constructor(init: PoolInit) {
    this.#init = init
    this.#places = Array.from({ length: init.size }, (_, index) => ({
      index,
      worker: undefined,
      failures: 0,
      upAt: 0,
      shortLives: 0,
      isRenewed: false,
      retry: undefined
    }))
  }

  /** Workers that are up, whether they take a batch now or not. */
  get up(): readonly Worker[] {
    return this.#up
  }

  /** Workers that are up, and those that end what they had begun before a reload. */
  get alive(): Worker[] {
    const all = [...this.#places.flatMap(({ worker }) => worker ?? []), ...this.#others]
    return all.filter(({ state }) => state === 'up' || state === 'retiring')
  }

  /** Places whose work can wait for them: all but those whose last start failed. */
  get places(): readonly number[] {
    return this.#hopeful
  }

  get size(): number {
    return this.#places.length
  }

  /** Starts all workers. Rejects if one of them does not come up, with what it said; then none is left running. */
  async start(): Promise<void> {
    const generation = await this.#startGeneration()
    this.#state = 'running'
    this.#install(generation)
  }

  /** Starts a new generation in place of the present one, which ends what it has begun. Rejects as `start` does. */
  async reload(): Promise<void> {
    const generation = await this.#startGeneration()
    if (this.#state === 'closed') {
      await Promise.all(generation.map(worker => worker.terminate()))
      return
    }
    const before = this.#places.flatMap(({ worker }) => worker ?? [])
    this.#install(generation)
    for (const worker of before) {
      this.#others.add(worker)
      worker.retire()
    }
  }

  /** Replaces a worker that goes on until its replacement is up, and then ends what it has begun. `why`: for the log. */
  renew(worker: Worker, why: string): void {
    const place = this.#places[worker.index]!
    if (this.#state !== 'running' || place.worker !== worker || place.isRenewed) return
    place.isRenewed = true
    this.#startWorker(place.index).then(
      next => {
        place.isRenewed = false
        // Meanwhile a reload may have put another there, or the worker have ended.
        if (this.#state !== 'running' || (place.worker ?? worker) !== worker) return void next.terminate()
        this.#init.log.warn('A worker is retired: another one has its place', { worker: place.index, why })
        this.#init.metrics.count('workersRetired')
        this.#fillPlace(place, next)
        this.#others.add(worker)
        worker.retire()
        this.#endOldest(place.index)
      },
      error => {
        place.isRenewed = false
        const pause = longestPause
        this.#init.log.error('A worker did not come up', { worker: place.index, nextTryInMs: pause, error })
        setTimeout(() => this.renew(worker, why), pause).unref()
      }
    )
  }

  /** Ends the thread of the worker at a place, as a fault would. */
  async kill(index: number): Promise<void> {
    const worker = this.#up.find(each => each.index === index)
    if (worker === undefined) throw new RangeError(`There is no worker ${index} that is up`)
    await worker.kill()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    for (const place of this.#places) clearTimeout(place.retry)
    const workers = [...this.#others, ...this.#places.flatMap(({ worker }) => worker ?? [])]
    await Promise.all(workers.map(worker => worker.terminate()))
  }

  workerUp(worker: Worker): void {
    this.#settleStart(worker)?.up()
  }

  workerEnded(worker: Worker, cause: Error): void {
    this.#others.delete(worker)
    const start = this.#settleStart(worker)
    if (start !== undefined) {
      const isOurs = cause instanceof GatewayError
      return start.failed(isOurs ? cause : errors.handlersInvalid(worker.failure ?? cause.message))
    }
    const place = this.#places[worker.index]!
    if (place.worker !== worker || this.#state !== 'running') return
    place.worker = undefined
    const { culprit, suspect } = worker.describeEnd(cause)
    const isByItself = !worker.wasKilled && culprit === undefined && suspect === undefined
    const isShort = performance.now() - place.upAt < shortLife
    place.shortLives = isByItself && isShort ? place.shortLives + 1 : 0
    if (place.shortLives < 2) return this.#replace(place)
    this.#pause(place, place.shortLives - 2, 'Workers end soon after their start, again and again', cause)
  }

  async #startGeneration(): Promise<Worker[]> {
    const starts = this.#places.map(({ index }) => this.#startWorker(index))
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

  /** Asynchronous from its first line: a start for which the machine lacks something throws at once. */
  async #startWorker(index: number): Promise<Worker> {
    const { start, startTimeout } = this.#init
    const worker = start(index)
    this.#others.add(worker)
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#starts.delete(worker)
        void worker.terminate()
        reject(errors.handlersInvalid(`The handlers did not load within ${startTimeout} ms`))
      }, startTimeout)
      this.#starts.set(worker, { up: () => resolve(worker), failed: reject, timer })
    })
  }

  #settleStart(worker: Worker) {
    const start = this.#starts.get(worker)
    this.#starts.delete(worker)
    clearTimeout(start?.timer)
    return start
  }

  #install(generation: readonly Worker[]): void {
    for (const worker of generation) {
      this.#others.delete(worker)
      const place = this.#places[worker.index]!
      clearTimeout(place.retry)
      this.#settle(place, worker)
      place.shortLives = 0
    }
    this.#changed()
    this.#init.onOffer(generation[0]!)
    // One may have ended while the others were still coming up, and nobody was told then.
    for (const worker of generation) {
      if (worker.state === 'ended') this.#replace(this.#places[worker.index]!)
    }
  }

  #changed(): void {
    this.#up = this.#places.flatMap(({ worker }) => (worker?.state === 'up' ? [worker] : []))
    this.#hopeful = this.#places.flatMap(({ index, failures }) => (failures === 0 ? [index] : []))
  }

  /** The first replacement starts at once; each that fails makes the next one wait for twice as long. */
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

  /** A worker that is up has a place now. */
  #fillPlace(place: Place, worker: Worker): void {
    this.#others.delete(worker)
    this.#settle(place, worker)
    this.#changed()
    this.#init.onOffer(worker)
  }

  /** Of those that retire at a place, and may never end by themselves, ends the oldest, if there are too many. */
  #endOldest(index: number): void {
    const retiring = [...this.#others].filter(each => each.index === index && each.state === 'retiring')
    if (retiring.length > mostRetiring)
      retiring[0]!.endFor('it was retired, and did not end what it had begun')
  }

  #settle(place: Place, worker: Worker): void {
    place.worker = worker
    place.upAt = performance.now()
    place.failures = 0
  }

  /** Tries again after a while, which is twice as long each time. */
  #pause(place: Place, times: number, message: string, error: Error): void {
    const pause = Math.min(firstPause * 2 ** times, longestPause)
    place.failures++
    this.#init.log.error(message, { worker: place.index, nextTryInMs: pause, error: error.message })
    this.#changed()
    this.#init.onFailure(place.index)
    place.retry = setTimeout(() => this.#replace(place), pause)
  }
}
