/** What all requests of a worker share: its link, its claims, its handlers, its pace. Put together in game.ts. */
import type { SettingsLimits } from '../../shared/values/settings-text.js'
import type { WorkerInfo } from '../api/context.js'
import type { Handler } from '../loading/handlers.js'
import type { Link } from '../operations/link.js'
import type { BodyLimits } from './body.js'
import type { Claims } from './claims.js'
import type { EventLoopBudget } from './event-loop-budget.js'
import type { RunningRequests } from './running-requests.js'

export interface Environment extends SettingsLimits, BodyLimits {
  readonly frontendId: string
  readonly worker: WorkerInfo
  readonly link: Link
  readonly claims: Claims
  /** By the index that batches name routes with. */
  readonly handlers: readonly Handler[]
  readonly budget: EventLoopBudget
  readonly running: RunningRequests
  readonly isDevelopment: boolean
  /** 0: any number. */
  readonly maxOperationsPerRequest: number
}
