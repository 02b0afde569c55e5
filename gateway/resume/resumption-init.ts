/** What the resumption of a gateway is made of, its answers, and how long sessions wait. */
import type { Logger } from '../../shared/text/log.js'
import type { ResumeReply } from '../../shared/wire/resume.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
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
  /** Bytes that may wait to be sent to one client. */
  readonly maxSendBytes: number
  readonly monotonic: () => number
}

export interface ResumeAnswer {
  readonly receiver: ResumableReceiver
  readonly reply: ResumeReply
}

/** Returns how long a session waits for its client. Brief: only because it holds nothing. */
export function windowOf(
  session: Session,
  { resumeWindow, unboundResumeWindow }: Pick<ResumptionInit, 'resumeWindow' | 'unboundResumeWindow'>
): { readonly ms: number; readonly isBrief: boolean } {
  if (session.resumeWindow !== undefined) return { ms: session.resumeWindow, isBrief: false }
  const isBrief = unboundResumeWindow < resumeWindow && session.holdsNothing
  return { ms: isBrief ? unboundResumeWindow : resumeWindow, isBrief }
}

/** Characters that are written at once while a client catches up: far less than may wait to be sent to it. */
export function pieceLengthOf({ maxSendBytes }: Pick<ResumptionInit, 'maxSendBytes'>): number {
  return Math.min(65_536, maxSendBytes / 4)
}
