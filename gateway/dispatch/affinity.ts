/**
 * Which worker a value belongs to, by rendezvous hashing: the value is hashed with each worker's place, and the
 * highest hash wins. When a worker is gone for good, only the values that it had move, each to the worker that is
 * next for it.
 */
import type { Request } from '../sessions/request.js'

/** The only worker that may run the request, by its place; undefined: any. */
export function placeFor(
  { route, session }: Pick<Request, 'route' | 'session'>,
  places: readonly number[]
): number | undefined {
  const { affinity } = route.options
  if (affinity === undefined) return undefined
  const value = affinity === 'uid' ? session.uid : session.textOf(affinity)
  return value === null || value === undefined ? undefined : placeOf(value, places)
}

/** The place of the value's worker among `places`; undefined where there are none. */
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

/** FNV-1a over the text, begun with the place, and mixed so that places differ in all bits. */
function hashOf(value: string, place: number): number {
  let hash = Math.imul(0x811c9dc5 ^ (place + 1), 0x01000193)
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
