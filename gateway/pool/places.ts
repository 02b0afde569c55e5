/** The places of the workers. Each has a worker that is up, or waits for the start of one. */
import type { Worker } from './worker.js'

export interface Place {
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

export class Places {
  readonly all: readonly Place[]
  // Both lists are kept, because they are read for every request. `changed` rebuilds them.
  #up: readonly Worker[] = []
  #usable: readonly number[] = []
  readonly #onPlaced: (worker: Worker) => void

  /** @param onPlaced called when a worker has got its place */
  constructor(size: number, onPlaced: (worker: Worker) => void) {
    this.#onPlaced = onPlaced
    this.all = Array.from({ length: size }, (_, index) => ({
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

  /** Places that work can wait for: all but those whose last start failed. */
  get usable(): readonly number[] {
    return this.#usable
  }

  /** The workers that hold a place, in whatever state. */
  get workers(): Worker[] {
    return this.all.flatMap(({ worker }) => worker ?? [])
  }

  of(worker: Worker): Place {
    return this.all[worker.index]!
  }

  /** Puts a worker that is up into its place. */
  settle(worker: Worker): void {
    const place = this.of(worker)
    // The next try would take the place from this worker.
    clearTimeout(place.retry)
    place.worker = worker
    place.upAt = performance.now()
    place.failures = 0
    this.#onPlaced(worker)
  }

  /** To be called after each change of a place, or of the state of its worker. */
  changed(): void {
    this.#up = this.workers.filter(({ state }) => state === 'up')
    this.#usable = this.all.flatMap(({ index, failures }) => (failures === 0 ? [index] : []))
  }

  /** Tries no more starts. */
  close(): void {
    for (const { retry } of this.all) clearTimeout(retry)
  }
}
