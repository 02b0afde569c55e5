/**
 * Starts the thread or the process of a worker, as the option `isolation` says. Another kind of isolation
 * would be added here and in the option.
 */
import { errors } from '../../shared/errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Metrics } from '../telemetry/metrics.js'
import { Prints } from '../telemetry/prints.js'
import { Thread } from './thread.js'
import type { Transport, TransportInit } from './transport.js'
import { WorkerProcess } from './worker-process.js'

/** Starts the thread or process of a worker. Throws if that is not possible now. */
export type StartTransport = (init: TransportInit) => Transport

/**
 * Returns the function that starts workers with these options. That function throws `WORKER_NOT_STARTED`.
 *
 * @param out the stream to which threads print
 */
export function createStartTransport(
  options: Pick<ResolvedOptions, 'isolation' | 'workerArgv' | 'workerHeap'>,
  metrics: Metrics,
  out: NodeJS.WriteStream = process.stdout
): StartTransport {
  const prints = new Prints(metrics, out)
  return init => {
    try {
      if (options.isolation === 'process') return new WorkerProcess(init, options)
      return new Thread(init, { ...options, prints })
    } catch (error) {
      throw errors.workerNotStarted(options.isolation, describeError(error))
    }
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
