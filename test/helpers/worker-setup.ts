/** The setup of a worker that a test runs without a gateway. */
import type { WorkerSetup } from '../../shared/link/worker-setup.js'

export const workerSetup: Omit<WorkerSetup, 'claims' | 'handlers'> = {
  index: 0,
  frontendId: 'gate',
  typescriptLoaders: [],
  tsconfig: undefined,
  maxSettingsLength: 10_000,
  maxSettingsKeys: 100,
  maxBodyBytes: 1_000,
  maxBodyDepth: 10,
  maxOperationsPerRequest: 0,
  heapLimit: 0,
  pulseInterval: 0,
  isDevelopment: false,
  isListing: false,
  makesSpans: false,
  reportsFigures: false
}
