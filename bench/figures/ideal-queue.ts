/**
 * What no gateway can beat: one queue, first come first served, and servers that take from it without any cost. Told
 * when requests came and how long each took, it says how long each would have waited and been served.
 */

export interface QueuedRequest {
  /** When it came; in order. */
  readonly at: number
  /** How long it keeps a server. */
  readonly service: number
}

/** From each request's coming to its end, in the unit in which they were told. */
export function idealLatencies(requests: readonly QueuedRequest[], servers: number): number[] {
  const freeAt = Array.from({ length: servers }, () => 0)
  return requests.map(({ at, service }) => {
    const first = freeAt.indexOf(Math.min(...freeAt))
    const end = Math.max(at, freeAt[first]!) + service
    freeAt[first] = end
    return end - at
  })
}
