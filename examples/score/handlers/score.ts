/** The player's points: one key of the session, which is read, changed and pushed. */
import { type BackendSession, RequestError } from 'sallyport/worker'
import type { PlayerSettings } from '../player-settings.js'

/** Adds points and pushes them. */
export function add(body: { points: number }, session: BackendSession<PlayerSettings>) {
  if (!Number.isInteger(body?.points))
    throw new RequestError('POINTS_INVALID', 'points must be a whole number')
  session.set('score', (session.get('score') ?? 0) + body.points)
  session.push('score')
  return { score: session.get('score') }
}

/** Adds points to this request's copy only: the reply shows them, the next request does not. */
export function pretend(body: { points: number }, session: BackendSession<PlayerSettings>) {
  session.set('score', (session.get('score') ?? 0) + body.points)
  return { score: session.get('score') }
}

export function read(_body: unknown, session: BackendSession<PlayerSettings>) {
  return { score: session.get('score') ?? 0 }
}
