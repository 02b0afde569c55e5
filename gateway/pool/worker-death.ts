/**
 * The cause of a worker's end, and its consequences. Decides which request is to blame, what is logged, and
 * which errors answer the requests that ran there.
 */
import { errors, GatewayError } from '../../shared/errors.js'
import { runningAs } from '../../shared/link/claims.js'
import type { LogFields, Logger } from '../../shared/text/log.js'
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
  /** The request that certainly caused the end; undefined if it is not known. */
  readonly culprit: Culprit | undefined
  /**
   * The only request that ran there, if the culprit is not known. It is the likely cause, but its route is
   * not suspended for that.
   */
  readonly suspect?: Culprit
}

export interface WorkerDeath extends Blame {
  readonly cause: string
  readonly detail: string
  /**
   * Milliseconds for which the event loop had not turned; undefined if the worker ended for another reason.
   */
  readonly stuckFor?: number
  /** The counter of ends of this kind, beside that of all ends. Default: none. */
  readonly counter?: 'workersStuck' | 'workersMute' | 'workersOutOfMemory'
}

/**
 * Concludes why a worker ended, if the worker itself gave no reason.
 *
 * @param running the request that occupied the thread
 */
export function describeSilentEnd(cause: Error, running: Blame): WorkerDeath {
  const detail = cause.stack ?? cause.message
  // A fault signal such as SIGABRT comes from the request that occupies the thread; SIGKILL comes from
  // outside.
  if (cause instanceof ProcessEnd)
    return { ...(cause.isFault ? running : noBlame), cause: cause.message, detail }
  const isMemory = (cause as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  // The request that occupies the thread is the cause if memory runs out. Any other silent end may be caused
  // by no request at all.
  return isMemory
    ? { ...running, cause: 'out of memory', detail, counter: 'workersOutOfMemory' }
    : { ...noBlame, cause: 'its thread ended', detail }
}

export interface WorkerDeathInit {
  readonly metrics: Metrics
  readonly suspensions: Suspensions
  readonly log: Logger
}

/**
 * Counts and logs an unexpected end of a worker, and blames the route of the request that caused it. If the
 * worker was stopping, only logs what it has told: its onStop was cut off.
 */
export function reportDeath(
  worker: Worker,
  { culprit, suspect, cause, detail, counter }: WorkerDeath,
  { metrics, suspensions, log }: WorkerDeathInit
): void {
  // The pool logs the end of a worker that never came up.
  if (worker.routes.length === 0) return
  if (worker.ending.by === 'gateway') return logStop(worker, log)
  metrics.count('workersLost')
  if (counter !== undefined) metrics.count(counter)
  const fields: LogFields = {
    worker: worker.index,
    cause,
    ...(culprit && worker.load.namesOf(culprit.rid)),
    ...(culprit && culprit.rid !== 0 && { requestId: culprit.rid }),
    route: culprit?.route ?? 'unknown',
    ...(suspect && { suspect: suspect.route }),
    detail
  }
  log.error('A worker ended', fields)
  // Later code of the route is not to blame for what its earlier code does.
  if (culprit !== undefined && !worker.isOutdated) suspensions.blame(culprit.route, cause)
}

function logStop({ index, ending: { told } }: Worker, log: Logger): void {
  if (told === undefined) return
  const level = told.cause.startsWith('process.exit') ? 'warn' : 'error'
  log[level]('A worker ended by itself while it stopped', {
    worker: index,
    cause: told.cause,
    detail: told.detail
  })
}

/** Returns the error that answers a request that had started in the worker. */
export function errorOf({ rid, route }: Request, death: WorkerDeath): GatewayError {
  const { culprit, suspect, cause, stuckFor } = death
  const isCulprit = rid === culprit?.rid
  // A suspect gets a timeout too: it was late in any case, even if other code blocked the event loop.
  if (stuckFor !== undefined && (isCulprit || rid === suspect?.rid))
    return new GatewayError({
      code: errors.timeout.code,
      message: `"${route.name}" was not answered: the event loop of its worker did not turn for ${stuckFor} ms`
    })
  return isCulprit
    ? errors.handlerFatal(route.name, cause)
    : errors.workerLost(route.name, `its worker ended: ${cause}`)
}

const noBlame: Blame = { culprit: undefined }

/**
 * Finds the request that occupies a worker's thread. If that is not known, the only request that runs there
 * is the suspect.
 *
 * @param turns the worker's turns
 * @param number the running request, as `Transport.running` names it; 0 if no request is in its synchronous
 * part
 */
export function findRunning(turns: Iterable<Turn>, number: number): Blame {
  // A request that was decided at its deadline may still run.
  const unended = [...turns].flatMap(turn => turn.started).filter(({ hasOutcome }) => !hasOutcome)
  if (number !== 0) {
    const running = unended.find(({ rid }) => runningAs(rid) === number)
    return running === undefined ? noBlame : { culprit: nameOf(running) }
  }
  // It is only a suspect, because a timer of an earlier request may occupy the thread instead.
  const [only, other] = unended
  return only === undefined || other !== undefined ? noBlame : { culprit: undefined, suspect: nameOf(only) }
}

function nameOf({ rid, route }: Request): Culprit {
  return { rid, route: route.name }
}
