/**
 * Holds the requests of sessions that go to another gateway: what has started ends here, and what waits goes
 * with the session. Used by the cluster only.
 */
import { errors } from '../../../shared/errors.js'
import { requestFlags } from '../../../shared/link/batch.js'
import { hookRoutes } from '../../../shared/link/hooks.js'
import { withTimeout } from '../../../shared/with-timeout.js'
import type { Dispatcher } from '../../dispatch/dispatcher.js'
import type { OpenRequests } from '../../dispatch/open-requests.js'
import type { RequestQueue } from '../../dispatch/request-queue.js'
import type { RouteTable } from '../../sessions/routes.js'
import type { Session } from '../../sessions/session.js'
import type { WaitingRequest } from '../../sessions/session-state.js'

export interface HeldLanesInit {
  readonly requests: OpenRequests
  readonly queue: RequestQueue
  readonly dispatcher: Pick<Dispatcher, 'add'>
  readonly routes: Pick<RouteTable, 'find'>
  readonly pumpSoon: () => void
  readonly monotonic: () => number
}

export class HeldLanes {
  readonly #init: HeldLanesInit

  constructor(init: HeldLanesInit) {
    this.#init = init
  }

  /**
   * Hands out no more requests of a session, and waits until those that have started are decided, or the
   * session has ended. Resolves to false if that takes longer than `ms` milliseconds. Then the session goes
   * on as before. Resolves to false at once if it is held already.
   */
  async hold(session: Session, ms: number): Promise<boolean> {
    if (!session.isOpen) return true
    const { lane } = session
    if (lane.held !== undefined) return false
    let done = () => {}
    const isQuiet = new Promise<void>(resolve => (done = resolve))
    lane.held = () => {
      if (isIdle(session) || !session.isOpen) done()
    }
    lane.turn?.takeBack()
    for (const request of [...(lane.concurrent ?? [])]) request.turn?.takeBack()
    lane.held()
    if (await withTimeout(ms, isQuiet)) return true
    this.release(session)
    return false
  }

  /** Removes and returns the requests of a held session, in order, without an answer. */
  takeOut(session: Session): WaitingRequest[] {
    const { requests, monotonic } = this.#init
    const { lane } = session
    const now = monotonic()
    const waiting = [...lane.waiting.splice(0), ...(lane.concurrent ?? [])]
    return waiting.map(request => {
      const { route, id, flags, body, deadline, traceparent = null } = request
      const timeout = Number.isFinite(deadline) ? Math.max(1, deadline - now) : 0
      requests.drop(request, now)
      return { route: route.name, id, flags, body, timeout, traceparent }
    })
  }

  /** Adds requests that `takeOut` has returned, here or in another gateway. */
  add(session: Session, requests: readonly WaitingRequest[]): void {
    const { dispatcher, routes, monotonic } = this.#init
    const now = monotonic()
    for (const { route: name, id, flags, body, timeout, traceparent } of requests) {
      const route = routes.find(name)
      if (route !== undefined)
        dispatcher.add({
          session,
          route,
          id,
          flags,
          body,
          timeout,
          now,
          traceparent: traceparent ?? undefined
        })
      else if ((flags & requestFlags.notify) === 0) session.receiver?.error(id, errors.routeUnknown(name))
    }
  }

  /**
   * Adds requests of before the session came here. They go ahead of what has happened here since: requests of
   * its client, and a loss of the connection. Only onConnect comes before them.
   */
  addFirst(session: Session, requests: readonly WaitingRequest[]): void {
    const { waiting } = session.lane
    const since = waiting.splice(waiting[0]?.route.name === hookRoutes.onConnect ? 1 : 0)
    this.add(session, requests)
    waiting.push(...since)
  }

  /** Hands out requests of a session again. */
  release(session: Session): void {
    const { queue, pumpSoon } = this.#init
    const { lane } = session
    lane.held = undefined
    queue.addLane(session)
    if (lane.connectHook === undefined)
      for (const request of lane.concurrent ?? []) if (request.state === 'waiting') queue.addAlone(request)
    pumpSoon()
  }
}

/** Whether nothing of a session runs. */
function isIdle({ lane }: Session): boolean {
  if (lane.turn !== undefined) return false
  for (const request of lane.concurrent ?? []) if (request.state === 'handedOut') return false
  return true
}
