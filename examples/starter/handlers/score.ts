/**
 * Handlers of the starter. Each exported function answers a route: `score.add`, `score.read`. Module
 * variables exist once in each worker.
 */
import { type BackendSession, type HandlerContext, RequestError } from 'sallyport/worker'
import type { Settings } from '../settings.js'

/** Adds points to the caller's score, and broadcasts the new score. */
export function add(body: { points: number }, session: BackendSession<Settings>, context: HandlerContext) {
  const points = body?.points
  if (!Number.isInteger(points) || points < 1) {
    throw new RequestError('POINTS_INVALID', 'points is a whole number from 1')
  }
  const score = (session.get('score') ?? 0) + points
  session.set('score', score)
  // Without this line the change would be gone with the next request.
  session.push('score')
  context.broadcast('score.changed', { player: session.id, score })
  return { score }
}

/** Returns the caller's score. */
export function read(_body: undefined, session: BackendSession<Settings>) {
  return { score: session.get('score') ?? 0 }
}
