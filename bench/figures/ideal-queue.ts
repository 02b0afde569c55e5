/**
 * An ideal queue, which no gateway can beat. It is one queue, first come first served, with servers that take
 * requests from it at no cost. From the times of arrival and of service, it calculates how long each request
 * would take.
 */

export interface QueuedRequest {
  /** Time of arrival; requests are in this order. */
  readonly at: number
  /** Time that a server needs for it. */
  readonly service: number
}

/** Returns each request's latency, from arrival to end, in the unit of its input. */
export function idealLatencies(requests: readonly QueuedRequest[], servers: number): number[] {
  const freeAt = Array.from({ length: servers }, () => 0)
  return requests.map(({ at, service }) => {
    const first = freeAt.indexOf(Math.min(...freeAt))
    const end = Math.max(at, freeAt[first]!) + service
    freeAt[first] = end
    return end - at
  })
}
