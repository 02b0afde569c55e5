/**
 * A session's requests, in the order in which its socket delivered them. At most one turn of a lane is handed
 * out at a time, to one worker; requests that are taken back from it return to the front. Owned by the
 * session, and ends with it. Knows nothing of workers: the dispatcher decides where and when requests run.
 */
import type { Request } from './request.js'
import type { Turn } from './turn.js'

/** Requests that one turn may have. */
const turnRequests = 16

export class Lane {
  /** Requests that are not handed out yet, oldest first. */
  readonly waiting: Request[] = []
  /** The turn that is handed out, until all of it is decided. */
  turn: Turn | undefined
  /** Whether the lane is in the dispatcher's waiting line. */
  isInLine = false
  /**
   * The session's onConnect, until it is decided: nothing that the session asks for behind it is handed out
   * before that. At a resume, what it has asked for before goes on.
   */
  connectHook: Request | undefined
  /**
   * Requests of routes that are declared concurrent: they do not wait in the lane. Created with the first.
   */
  concurrent: Set<Request> | undefined
  /** Undecided requests of the session, concurrent ones included; the lane's limit counts them. */
  open = 0
  /**
   * Set while the session is to go to another gateway: nothing more is handed out. Called whenever a turn of
   * the session is over.
   */
  held: (() => void) | undefined
  /** Whether the session's socket is paused because too many requests are open. */
  isPausing = false

  /**
   * Removes and returns the next requests: at most `room`, and only those before the first that `mayRun`
   * refuses.
   */
  take(room: number, mayRun: (request: Request) => boolean): Request[] {
    // A hook is alone in its turn: its outcome decides whether what follows runs.
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

  /** Puts requests that were handed out and have not started back to the front. */
  putBack(requests: readonly Request[]): void {
    this.waiting.unshift(...requests)
  }
}
