/**
 * Why a worker ended, and what follows from it. Decides which request is to blame, what is logged, and which
 * errors answer the requests that ran there.
 */
import { errors, type GatewayError } from '../../shared/errors.js'
import { runningAs } from '../../shared/link/claims.js'
import type { Logger } from '../../shared/text/log.js'
import { ProcessEnd } from '../isolation/transport.js'
import type { Request } from '../sessions/request.js'
import type { Turn } from '../sessions/turn.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Suspensions } from './suspensions.js'
import type { Worker } from './worker.js'

/** A request and its route. The request may have ended long before its worker. */
export interface Culprit {
  readonly rid: number
  readonly route: string
}

export interface Blame {
  /** The request that certainly caused the end; undefined: not known. */
  readonly culprit: Culprit | undefined
  /**
   * Otherwise the only request that ran there. It is the likely cause, but that is no reason to suspend its
   * route.
   */
  readonly suspect?: Culprit
}

export interface WorkerDeath extends Blame {
  readonly cause: string
  readonly detail: string
  /** Milliseconds for which the event loop had not turned; undefined: it was not ended for that. */
  readonly stuckFor?: number
}

/**
 * Concludes why a worker ended that gave no reason itself.
 *
 * @param running the request that had the thread
 */
export function describeSilentEnd(cause: Error, running: Blame): WorkerDeath {
  const detail = cause.stack ?? cause.message
  // An abort is caused by the request that has the thread; SIGKILL comes from outside.
  if (cause instanceof ProcessEnd)
    return { ...(cause.isItsOwn ? running : nobody), cause: cause.message, detail }
  const isMemory = (cause as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  const told = isMemory ? 'out of memory' : 'its thread ended'
  // Memory runs out because of the request that has the thread. Any other silent end may have no request as
  // its cause.
  return { ...(isMemory ? running : nobody), cause: told, detail }
}

export interface WorkerDeathInit {
  readonly metrics: Metrics
  readonly suspensions: Suspensions
  readonly log: Logger
}

/** Counts and logs an unexpected end of a worker, and blames the route of the request that caused it. */
export function reportDeath(
  worker: Worker,
  { culprit, suspect, cause, detail }: WorkerDeath,
  { metrics, suspensions, log }: WorkerDeathInit
): void {
  // The end of a worker that never came up is logged by the pool.
  if (worker.ending.by === 'gateway' || worker.routes.length === 0) return
  metrics.count('workersLost')
  if (culprit !== undefined) suspensions.blame(culprit.route, cause)
  const whose = { route: culprit?.route ?? 'unknown', ...(suspect && { suspect: suspect.route }) }
  log.error('A worker ended', { worker: worker.index, cause, ...whose, detail })
}

/** Returns the error that answers a request that had started in the worker. */
export function errorOf({ rid, route }: Request, death: WorkerDeath): GatewayError {
  const { culprit, suspect, cause, stuckFor } = death
  const isCulprit = rid === culprit?.rid
  // The only request was late in any case, even if something else was stuck there.
  if (stuckFor !== undefined && (isCulprit || rid === suspect?.rid))
    return errors.timeout(route.name, stuckFor)
  return isCulprit ? errors.handlerFatal(route.name, cause) : errors.workerLost(route.name, cause)
}

const nobody: Blame = { culprit: undefined }

/**
 * Finds the request that has the thread of a worker, or, as a suspect, the only request that could have it.
 *
 * @param turns the worker's
 * @param number the running request as the transport knows it; 0: no request is in its synchronous part
 */
export function findRunning(turns: Iterable<Turn>, number: number): Blame {
  // A request that was decided at its deadline may still run.
  const unended = [...turns].flatMap(turn => turn.started).filter(({ hasOutcome }) => !hasOutcome)
  if (number !== 0) {
    const running = unended.find(({ rid }) => runningAs(rid) === number)
    return running === undefined ? nobody : { culprit: nameOf(running) }
  }
  // A timer of an earlier request may have the thread as well.
  const [only, other] = unended
  return only === undefined || other !== undefined ? nobody : { culprit: undefined, suspect: nameOf(only) }
}

function nameOf({ rid, route }: Request): Culprit {
  return { rid, route: route.name }
}
