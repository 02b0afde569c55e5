/** The starts that are under way. Each is over when its worker is up, has ended, or is too late. */
import { setMaxListeners } from 'node:events'
import { errors, GatewayError } from '../../shared/errors.js'
import type { TimeLimits } from '../limits/time-limits.js'
import type { Worker } from './worker.js'

export interface WorkerStartsInit {
  /** Milliseconds that a worker has to come up. */
  readonly startTimeout: number
  readonly timeLimits: Pick<TimeLimits, 'after'>
}

interface Start {
  readonly up: () => void
  readonly failed: (error: Error) => void
  /** Stops waiting for the end of the time, and for the signal. */
  readonly stop: () => void
}

export class WorkerStarts {
  readonly #init: WorkerStartsInit
  readonly #underWay = new Map<Worker, Start>()

  constructor(init: WorkerStartsInit) {
    this.#init = init
  }

  /**
   * Resolves when a worker that was just started is up. Ends it if it is too late, or if `cancelled` aborts.
   * Then rejects with the signal's reason.
   */
  wait(worker: Worker, cancelled: AbortSignal): Promise<Worker> {
    const { startTimeout, timeLimits } = this.#init
    return new Promise((resolve, reject) => {
      const end = (reason: Error) => {
        if (this.#settle(worker) === undefined) return
        void worker.terminate()
        reject(reason)
      }
      const stopTimer = timeLimits.after(startTimeout, () =>
        end(errors.handlersInvalid(describeLate(worker, startTimeout)))
      )
      const onAbort = () => end(cancelled.reason)
      cancelled.addEventListener('abort', onAbort)
      const stop = () => {
        stopTimer()
        cancelled.removeEventListener('abort', onAbort)
      }
      this.#underWay.set(worker, { up: () => resolve(worker), failed: reject, stop })
    })
  }

  /** What the workers load or start that have come up to nothing yet, without repeats. */
  get steps(): string[] {
    return [...new Set([...this.#underWay.keys()].flatMap(({ step }) => step ?? []))]
  }

  up(worker: Worker): void {
    this.#settle(worker)?.up()
  }

  /** The worker has ended. Returns whether it was still starting. */
  ended(worker: Worker, cause: Error): boolean {
    const start = this.#settle(worker)
    const isOurs = cause instanceof GatewayError
    start?.failed(isOurs ? cause : errors.handlersInvalid(worker.ending.describeFailure(cause)))
    return start !== undefined
  }

  #settle(worker: Worker): Start | undefined {
    const start = this.#underWay.get(worker)
    this.#underWay.delete(worker)
    start?.stop()
    return start
  }
}

/** Creates a controller that cancels starts, however many there are: else Node.js warns of a leak. */
export function createCancel(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

function describeLate({ step }: Worker, startTimeout: number): string {
  const message = `The handlers did not load within ${startTimeout} ms`
  return step === undefined ? message : `${message}: ${step}, or what it needs, waits or computes`
}
