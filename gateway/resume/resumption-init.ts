/** What the resumption of a gateway is made of, and its answers. */
import type { Logger } from '../../shared/text/log.js'
import type { ResumeReply } from '../../shared/wire/resume.js'
import type { Registry } from '../sessions/registry.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { BacklogLimits } from './backlog.js'
import type { DetachedLimits } from './detached-sessions.js'
import type { ResumableReceiver } from './resumable-receiver.js'

export interface ResumptionInit extends BacklogLimits, DetachedLimits {
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Logger
  /** Milliseconds for which a detached session is kept; 0: no session is kept. */
  readonly resumeWindow: number
  /** Milliseconds for which a detached session that holds nothing is kept; capped by `resumeWindow`. */
  readonly unboundResumeWindow: number
  /** Bytes of memory that all backlogs together may take. */
  readonly maxBacklogBytesInAll: number
  readonly monotonic: () => number
}

export interface ResumeAnswer {
  readonly receiver: ResumableReceiver
  readonly reply: ResumeReply
}
