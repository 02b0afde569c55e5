/**
 * Chooses the worker for an affinity value by rendezvous hashing. The value is hashed with each worker's
 * place, and the highest hash wins. When a place is lost, only its values move, each to the place with the
 * next highest hash.
 */
import { meaningfulText } from '../../shared/values/settings-text.js'
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'

// LOCAL-SESSIONS: the places are those of this gateway's workers. Sessions of two gateways that share a value
// would run in two workers.
/** Returns the place of the only worker that may run the request; undefined if any worker may. */
export function placeFor(
  { route, session }: Pick<Request, 'route' | 'session'>,
  places: readonly number[]
): number | undefined {
  const { affinity } = route.options
  if (affinity === undefined) return undefined
  const value = affinityValueOf(session, affinity)
  return value === undefined ? undefined : placeOf(value, places)
}

/** Returns the session's value for an affinity; undefined if it has none, or null. */
export function affinityValueOf(session: Session, affinity: string): string | undefined {
  return affinity === 'uid' ? (session.uid ?? undefined) : meaningfulText(session.textOf(affinity))
}

/** Returns the place of the value's worker among `places`; undefined if there are no places. */
export function placeOf(value: string, places: readonly number[]): number | undefined {
  let best: number | undefined
  let bestHash = -1
  for (const place of places) {
    const hash = hashOf(value, place)
    if (hash > bestHash) {
      best = place
      bestHash = hash
    }
  }
  return best
}

/**
 * Returns FNV-1a over the text, seeded with the place. A final mix makes the hashes of places differ in all
 * bits.
 */
function hashOf(value: string, place: number): number {
  let hash = Math.imul(0x811c9dc5 ^ (place + 1), 0x01000193)
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
