/** The parts of a worker that all its requests share, such as its link and its handlers. Made in game.ts. */
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { WorkerInfo } from '../api/context.js'
import type { Handler } from '../loading/handlers.js'
import type { Link } from '../operations/link.js'
import type { HandlerSpans } from '../tracing/handler-spans.js'
import type { BodyLimits } from './body.js'
import type { Claims } from './claims.js'
import type { EventLoopBudget } from './event-loop-budget.js'
import type { RunningRequests } from './running-requests.js'

export interface Environment extends SettingsLimits, BodyLimits {
  readonly frontendId: string
  readonly worker: WorkerInfo
  readonly link: Link
  readonly claims: Claims
  /** Batches name a route by its index in this list. */
  readonly handlers: readonly Handler[]
  readonly budget: EventLoopBudget
  readonly running: RunningRequests
  readonly isDevelopment: boolean
  /** Bytes that the old generation of the heap may take; 0: as V8 chooses. */
  readonly heapLimit: number
  /** undefined unless the option `tracing` is on. */
  readonly spans: HandlerSpans | undefined
  /** Whether a message that was posted reaches the gateway even if the worker ends right then. */
  readonly settlesPushes: boolean
  /** Maximum number of operations of one request; 0 means unlimited. */
  readonly maxOperationsPerRequest: number
}
