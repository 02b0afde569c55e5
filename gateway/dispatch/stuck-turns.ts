/**
 * Frees lanes whose turn blocks them for too long. Either the turn has not started in a busy worker while
 * another worker is idle, or it waits for operations beyond a deadline.
 */
import type { Logger } from '../../shared/text/log.js'
import type { Worker } from '../pool/worker.js'
import type { Request } from '../sessions/request.js'
import type { WaitingLine } from './waiting-line.js'

/** Milliseconds after which a turn that has not started may move from a busy worker to an idle one. */
const stuckAfter = 2

/**
 * Takes back turns that have not started, if a worker is idle. Returns whether one is.
 *
 * @param isPinned returns whether a request may run only in the worker that has it
 */
export function takeBackStuck(
  up: readonly Worker[],
  line: WaitingLine,
  isPinned: (request: Request) => boolean
): boolean {
  if (!up.some(worker => worker.isReady && line.sizeFor(worker.index) === 0)) return false
  const now = performance.now()
  for (const worker of up) {
    if (worker.isReady || now - worker.batchLeftAt < stuckAfter) continue
    for (const turn of worker.turns) if (turn.isIdle && !isPinned(turn.requests[0]!)) turn.takeBack()
  }
  return true
}

/**
 * Lets a lane go on if it still waits for the operations of a request at that request's deadline. The handler
 * itself did not await these operations.
 */
export function goOnWithOverdue(alive: readonly Worker[], now: number, log: Logger): void {
  // Copied, because a turn that goes on may free its slot during the loop.
  for (const worker of alive) {
    for (const turn of [...worker.turns]) {
      const request = turn.goOnAtDeadline(now)
      if (request !== undefined)
        log.warn('Operations that a handler did not await are not done in time', request.names)
    }
  }
}
