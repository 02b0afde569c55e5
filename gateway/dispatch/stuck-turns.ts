/** Turns that keep their lane too long: unstarted in a busy worker while another is idle, or held beyond a deadline. */

import type { Worker } from '../pool/worker.js'
import type { Request } from '../sessions/request.js'
import type { WaitingLine } from './waiting-line.js'

/** Milliseconds after which what lies unstarted in a busy worker may move to an idle one. */
const stuckAfter = 2

/** Takes them back, if a worker is idle. `isPinned`: whether a request may run where it lies and nowhere else. */
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

/** A lane waits no longer than a request's deadline for what the request did not wait for itself. */
export function goOnWithOverdue(up: readonly Worker[], now: number): void {
  for (const worker of up) for (const turn of worker.turns) turn.goOnAtDeadline(now)
}
