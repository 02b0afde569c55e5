/** What all requests of a worker share: its link, its claims, its handlers, its pace. Put together in game.ts. */
import type { SettingsLimits } from '../shared/settings-text.js'
import type { BodyLimits } from './body.js'
import type { Claims } from './claims.js'
import type { WorkerInfo } from './context.js'
import type { Handler } from './handlers.js'
import type { Link } from './link.js'
import type { EventLoopBudget } from './pace.js'
import type { RunningRequests } from './running.js'

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
