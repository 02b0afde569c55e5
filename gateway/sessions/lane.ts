/**
 * A session's requests in the order in which its socket delivered them. At most one turn of it is out at a time, in
 * one worker; what is taken back from there goes to the front again. Owned by the session, ends with it; knows
 * nothing of workers.
 */
import type { Request } from './request.js'
import type { Turn } from './turn.js'

/** Requests of one lane in a turn. */
const turnRequests = 16

export class Lane {
  /** Requests that are not handed out, oldest first. */
  readonly waiting: Request[] = []
  /** What is handed out and not decided. */
  turn: Turn | undefined
  /** Whether it stands in the dispatcher's line. */
  isInLine = false
  /** The session's onConnect, while it is not decided: nothing else of the session is handed out before. */
  connectHook: Request | undefined
  /** Requests that do not wait in the lane: of routes that are declared concurrent. Made with the first. */
  concurrent: Set<Request> | undefined
  /** Its requests that are not decided, concurrent ones included: what its limit is about. */
  open = 0
  /** Whether its socket is not read because of it. */
  isPausing = false

  /** Takes the next requests, as many as there are room for, up to the first that may not run where they are to go. */
  take(room: number, mayRun: (request: Request) => boolean): Request[] {
    // A hook is alone: whether what follows runs is for its outcome to say.
    const isHook = this.waiting[0]?.onOutcome !== undefined
    const most = Math.min(isHook ? 1 : turnRequests, room, this.waiting.length)
    let count = 0
    while (count < most) {
      const request = this.waiting[count]!
      if (!mayRun(request) || (count > 0 && request.onOutcome !== undefined)) break
      count++
    }
    return this.waiting.splice(0, count)
  }

  /** Puts requests that were handed out, and have not started, back to the front. */
  putBack(requests: readonly Request[]): void {
    this.waiting.unshift(...requests)
  }
}
