/** Starts workers, and puts together what each of them needs: its thread or process, who is told of it, who applies what it asks for. */
import { errors } from '../shared/errors.js'
import type { Dispatcher } from './dispatch/dispatcher.js'
import { pulsesPerVerdict } from './dispatch/watchdog.js'
import { Thread } from './isolation/thread.js'
import { WorkerProcess } from './isolation/worker-process.js'
import { EventOperations } from './operations/event-operations.js'
import { OperationAcks } from './operations/operation-acks.js'
import { Operations } from './operations/operations.js'
import type { ResolvedOptions } from './options/options.js'
import type { Pool } from './pool/pool.js'
import { Worker } from './pool/worker.js'
import type { WorkerListener } from './pool/worker-listener.js'
import type { Channels } from './sessions/channels.js'
import type { Registry } from './sessions/registry.js'
import type { Metrics } from './telemetry/metrics.js'
import { Prints } from './telemetry/prints.js'

export interface WorkerStarterInit {
  readonly options: ResolvedOptions
  /** Addresses of what registers a loader for TypeScript; none: only JavaScript is loaded. */
  readonly typescriptLoaders: readonly string[]
  readonly metrics: Metrics
  readonly registry: Registry
  readonly channels: Channels
  readonly pool: Pool
  readonly dispatcher: Dispatcher
}

export class WorkerStarter {
  readonly #init: WorkerStarterInit
  readonly #listener: WorkerListener
  readonly #prints: Prints
  #lastSerial = 0

  constructor(init: WorkerStarterInit) {
    this.#init = init
    this.#prints = new Prints(init.metrics)
    const { pool, dispatcher, options } = init
    this.#listener = {
      workerUp: worker => pool.workerUp(worker),
      workerReady: (...ready) => dispatcher.workerReady(...ready),
      workerOutcome: (...outcome) => dispatcher.workerOutcome(...outcome),
      workerSlotDone: (...released) => dispatcher.workerSlotDone(...released),
      workerWornOut: worker => pool.renew(worker, 'handlers hang in it'),
      workerLog: (worker, level, message, fields) =>
        options.log[level](message, { ...JSON.parse(fields), worker: worker.index }),
      workerEnded: (worker, cause) => {
        // First it gets no more work, then what it had is given to others.
        pool.workerEnded(worker, cause)
        dispatcher.workerEnded(worker, cause)
      }
    }
  }

  /**
   * Starts a worker.
   *
   * @param index its place
   * @throws `WORKER_NOT_STARTED`, if the machine has no thread, process, file or folder left for it
   */
  start(index: number): Worker {
    const { options, typescriptLoaders: typescript, metrics, registry, channels } = this.#init
    const { frontendId, handlers, maxSettingsLength, maxSettingsKeys, maxBodyBytes, maxBodyDepth, log } =
      options
    const isProcess = options.isolation === 'process'
    metrics.count('workersStarted')
    return new Worker({
      serial: ++this.#lastSerial,
      setup: {
        index,
        frontendId,
        handlers,
        typescriptLoaders: typescript,
        maxSettingsLength,
        maxSettingsKeys,
        maxBodyBytes,
        maxBodyDepth,
        maxOperationsPerRequest: options.maxOperationsPerRequest,
        pulseInterval: Math.ceil(options.stuckAfter / pulsesPerVerdict),
        isDevelopment: options.dev
      },
      stopTimeout: options.closeTimeout,
      maxGivenUpHandlers: options.maxGivenUpHandlers,
      isProcess,
      start: init => {
        try {
          if (isProcess) return new WorkerProcess(init, options)
          return new Thread(init, { ...options, prints: this.#prints })
        } catch (error) {
          throw errors.workerNotStarted(options.isolation, describeError(error))
        }
      },
      listener: this.#listener,
      operations: (source, inbox) => {
        const answers = new OperationAcks({ frontendId, source, inbox, metrics, log })
        const parts = { answers, registry, metrics }
        return {
          answers,
          sessions: new Operations({ ...parts, limits: options }),
          events: new EventOperations({ ...parts, channels })
        }
      }
    })
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
