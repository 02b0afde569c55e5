/** Why a worker ended, and what those are answered who had something running there. */

import { errors, type GatewayError } from '../../shared/errors.js'
import { runningAs } from '../../shared/link/claims.js'
import type { Logger } from '../../shared/text/log.js'
import { ProcessEnd } from '../isolation/transport.js'
import type { Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Suspensions } from './suspensions.js'
import type { Worker } from './worker.js'

/** A request, which may have ended long before its worker, and its route. */
export interface Culprit {
  readonly rid: number
  readonly route: string
}

export interface Blame {
  /** Whose doing the end was for certain; undefined if nobody's can be said to be. */
  readonly culprit: Culprit | undefined
  /** Otherwise the only request that ran there: most likely its doing, and nothing to punish its route for. */
  readonly suspect?: Culprit
}

export interface WorkerDeath extends Blame {
  readonly cause: string
  readonly detail: string
  /** Milliseconds for which its event loop had not turned, if that is why it was ended. */
  readonly stuckFor?: number
}

/** Of one that has said nothing itself. `running`: who had the thread. */
export function describeSilentEnd(cause: Error, running: Blame): WorkerDeath {
  const detail = cause.stack ?? cause.message
  // What aborts a process is whoever has its thread; SIGKILL comes from outside.
  if (cause instanceof ProcessEnd)
    return { ...(cause.isItsOwn ? running : nobody), cause: cause.message, detail }
  const isMemory = (cause as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  const told = isMemory ? 'out of memory' : 'its thread ended'
  // Memory runs out of whoever has the thread; what else ends a thread without a word may be nobody's doing.
  return { ...(isMemory ? running : nobody), cause: told, detail }
}

export interface WorkerDeathInit {
  readonly metrics: Metrics
  readonly suspensions: Suspensions
  readonly log: Logger
}

/** Counts and logs the end of a worker that nobody has told to end, and blames whose request it was. */
export function reportDeath(
  worker: Worker,
  { culprit, suspect, cause, detail }: WorkerDeath,
  { metrics, suspensions, log }: WorkerDeathInit
): void {
  // One that never came up is the supervisor's to tell of.
  if (worker.isExpectedToEnd || worker.routes.length === 0) return
  metrics.count('workersLost')
  if (culprit !== undefined) suspensions.blame(culprit.route, cause)
  const whose = { route: culprit?.route ?? 'unknown', ...(suspect && { suspect: suspect.route }) }
  log.error('A worker ended', { worker: worker.index, cause, ...whose, detail })
}

/** What a request that had started there is answered. */
export function errorOf({ rid, route }: Request, words: WorkerDeath): GatewayError {
  const { culprit, suspect, cause, stuckFor } = words
  const isCulprit = rid === culprit?.rid
  // That it was late is true of the only one, whoever was stuck there.
  if (stuckFor !== undefined && (isCulprit || rid === suspect?.rid))
    return errors.timeout(route.name, stuckFor)
  return isCulprit ? errors.handlerFatal(route.name, cause) : errors.workerLost(route.name, cause)
}

const nobody: Blame = { culprit: undefined }

/**
 * The request that has the thread of the worker with these turns, or, as a suspect, the only one that can. `number`:
 * what the worker's transport says of it; 0: that it is none in its synchronous part.
 */
export function findRunning(turns: Iterable<Turn>, number: number): Blame {
  // One that its deadline has decided may run on.
  const unended = [...turns].flatMap(turn => turn.started).filter(({ hasOutcome }) => !hasOutcome)
  if (number !== 0) {
    const running = unended.find(({ rid }) => runningAs(rid) === number)
    return running === undefined ? nobody : { culprit: nameOf(running) }
  }
  // A timer that an earlier request has left behind may have the thread as well.
  const [only, other] = unended
  return only === undefined || other !== undefined ? nobody : { culprit: undefined, suspect: nameOf(only) }
}

function nameOf({ rid, route }: Request): Culprit {
  return { rid, route: route.name }
}
