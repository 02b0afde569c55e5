/**
 * The setup of a worker: its settings, and the file descriptors that a worker process finds open.
 * Written by the gateway. A thread receives it as `workerData`, and takes the claim table out of that before
 * the game is loaded. A process receives it as the first message of its channel.
 */
import type { SettingsLimits } from '../values/settings-text.js'
import type { ClaimTable } from './claims.js'

/** Settings of one worker, the same for its whole life. */
export interface WorkerSetup extends SettingsLimits {
  /** The worker's place among the workers, from 0. Handlers see it as `context.worker.index`. */
  readonly index: number
  readonly frontendId: string
  /** Absolute path of the handlers' folder. */
  readonly handlers: string
  /** URLs of the modules that register a TypeScript loader. Empty: none is registered. */
  readonly typescriptLoaders: readonly string[]
  /** The tsconfig.json for that loader; undefined if there is none. */
  readonly tsconfig: string | undefined
  readonly claims: ClaimTable
  /** Whether only the gateway settles a push, because it is kept for after a crash. Default: false. */
  readonly keepsPushes?: boolean
  /** Maximum size of a body in bytes, also after decompression. */
  readonly maxBodyBytes: number
  /** Maximum nesting of arrays and objects in a body. */
  readonly maxBodyDepth: number
  /** Maximum number of operations, and of log lines, for one request. 0: unlimited. */
  readonly maxOperationsPerRequest: number
  /** Bytes that the old generation of the heap may take, as `workerHeap` says; 0: as V8 chooses. */
  readonly heapLimit: number
  /** Milliseconds between two pulses, which show the gateway that the event loop turns. 0: no pulse. */
  readonly pulseInterval: number
  /** Whether replies are checked against their schemas, and loaded files are reported. */
  readonly isDevelopment: boolean
  /** Whether the worker only has to say what it has loaded: the game is not started. */
  readonly isListing: boolean
  /** Whether the worker makes spans of OpenTelemetry. */
  readonly makesSpans: boolean
  /** Whether the worker reports the figures of its thread every few seconds. */
  readonly reportsFigures: boolean
}

/** File descriptor of the channel between the gateway and a worker process, see `ProcessChannel`. */
export const channelFile = 3

/**
 * File descriptor to which a worker process writes the id of the running request: an Int32, see `runningAs`.
 */
export const runningFile = 4
