/**
 * Starts workers: gives each its setup, its thread or process, and the readers of its operations. The pool
 * decides when a worker is started.
 */

import { pulsesPerVerdict } from './dispatch/watchdog.js'
import type { WorkerWatcher } from './dispatch/worker-reports.js'
import { asksInspector } from './isolation/inspect-ports.js'
import type { StartTransport } from './isolation/start-transport.js'
import type { TimeLimits } from './limits/time-limits.js'
import { createWorkerOperations, type OperationTargets } from './operations/worker-operations.js'
import type { ResolvedOptions } from './options/options.js'
import { Worker } from './pool/worker.js'
import type { WorkerListener } from './pool/worker-listener.js'
import type { Metrics } from './telemetry/metrics.js'

/** The options that concern each worker. */
export type WorkerOptions = Pick<
  ResolvedOptions,
  | 'frontendId'
  | 'handlers'
  | 'isolation'
  | 'maxSettingsLength'
  | 'maxSettingsKeys'
  | 'maxBodyBytes'
  | 'maxBodyDepth'
  | 'maxOperationsPerRequest'
  | 'maxGivenUpHandlers'
  | 'closeTimeout'
  | 'stuckAfter'
  | 'dev'
  | 'workerArgv'
  | 'workerHeap'
> & {
  /** If it is off, nothing is measured for its metrics. Default: off. */
  readonly internalPort?: ResolvedOptions['internalPort']
  /** Whether the workers make spans. Default: false. */
  readonly tracing?: ResolvedOptions['tracing']
  /** Whether the workers only list their routes, without starting the game. Default: false. */
  readonly isListing?: boolean
}

/** Whether there is an internal port, whose metrics show what is measured. */
export function isOperated({ internalPort = 'off' }: Pick<WorkerOptions, 'internalPort'>): boolean {
  return internalPort !== 'off'
}

export interface WorkerStarterInit {
  readonly options: WorkerOptions
  readonly metrics: Metrics
  readonly timeLimits: TimeLimits
  readonly watchers: readonly WorkerWatcher[]
  readonly startTransport: StartTransport
  readonly listener: WorkerListener
  readonly targets: OperationTargets
}

export class WorkerStarter {
  readonly #init: WorkerStarterInit
  #lastSerial = 0

  constructor(init: WorkerStarterInit) {
    this.#init = init
  }

  /**
   * Starts a worker.
   *
   * @param index the worker's place among the workers, from 0
   * @throws `WORKER_NOT_STARTED` if the machine has no thread, process, file or folder left for it
   */
  start(index: number): Worker {
    const { options, metrics, timeLimits, startTransport, listener, targets } = this.#init
    metrics.count('workersStarted')
    const worker = new Worker({
      serial: ++this.#lastSerial,
      setup: {
        index,
        frontendId: options.frontendId,
        handlers: options.handlers,
        // Development mode fills them in (development/development.ts).
        typescriptLoaders: [],
        tsconfig: undefined,
        maxSettingsLength: options.maxSettingsLength,
        maxSettingsKeys: options.maxSettingsKeys,
        maxBodyBytes: options.maxBodyBytes,
        maxBodyDepth: options.maxBodyDepth,
        maxOperationsPerRequest: options.maxOperationsPerRequest,
        keepsPushes: targets.store !== undefined,
        heapLimit: options.workerHeap * 2 ** 20,
        pulseInterval: Math.ceil(options.stuckAfter / pulsesPerVerdict),
        isDevelopment: options.dev,
        isListing: options.isListing === true,
        makesSpans: options.tracing === true && options.isListing !== true,
        reportsFigures: isOperated(options) && options.isListing !== true
      },
      stopTimeout: options.closeTimeout,
      maxGivenUpHandlers: options.maxGivenUpHandlers,
      isProcess: options.isolation === 'process',
      start: startTransport,
      listener,
      operations: (source, inbox, sendInbox) => createWorkerOperations(source, inbox, sendInbox, targets)
    })
    const { isolation, workerArgv = process.execArgv } = options
    if (isolation === 'process' && asksInspector(workerArgv)) timeLimits.noteAsked(worker)
    for (const watcher of this.#init.watchers) watcher.workerStarts?.(worker)
    return worker
  }
}
