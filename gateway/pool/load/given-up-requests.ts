/**
 * The requests of one worker that were given up. The handler of each was still running at the request's
 * deadline. All later operations of such a handler are refused, even after it has ended. Hanging handlers are
 * counted by route.
 */
import type { RequestFields } from '../../../shared/text/log.js'
import type { Request } from '../../sessions/request.js'

/** Number of requests whose late operations are recognized. Beyond it the oldest requests are forgotten. */
const mostKnown = 65_536

export class GivenUpRequests {
  /** Requests whose handlers still run, by id. */
  readonly #hanging = new Map<number, Request>()
  readonly #countByRoute = new Map<string, number>()
  /** The names of requests by id, also of requests whose handlers are done. */
  readonly #names = new Map<number, RequestFields & { readonly route: string }>()

  /** Number of handlers that hang. */
  get size(): number {
    return this.#hanging.size
  }

  /** The routes with hanging handlers, and how many each has. */
  get routes(): { readonly route: string; readonly count: number }[] {
    return [...this.#countByRoute].flatMap(([route, count]) => (count > 0 ? [{ route, count }] : []))
  }

  /** Adds a request whose handler hangs. Returns how many handlers of its route hang. */
  add(request: Request): number {
    const { rid } = request
    const { name } = request.route
    this.#hanging.set(rid, request)
    this.#remember(rid, { ...request.names, route: name })
    return this.#count(name, 1)
  }

  /** Whether a request was given up, and its handler hangs. */
  has({ rid }: Request): boolean {
    return this.#hanging.has(rid)
  }

  /** Removes and returns a request whose hanging handler has ended; undefined if it did not hang. */
  take(rid: number): Request | undefined {
    const request = this.#hanging.get(rid)
    if (request === undefined) return undefined
    this.#hanging.delete(rid)
    this.#count(request.route.name, -1)
    return request
  }

  /** Returns the route of a request that was given up, whether its handler hangs or not. */
  routeOf(rid: number): string | undefined {
    return this.#names.get(rid)?.route
  }

  /** Returns the fields that name such a request in the log; none if it is not known. */
  namesOf(rid: number): RequestFields {
    return this.#names.get(rid) ?? {}
  }

  #count(route: string, by: number): number {
    const count = (this.#countByRoute.get(route) ?? 0) + by
    this.#countByRoute.set(route, count)
    return count
  }

  #remember(rid: number, names: RequestFields & { readonly route: string }): void {
    this.#names.set(rid, names)
    if (this.#names.size <= mostKnown) return
    for (const [oldest] of this.#names) {
      this.#names.delete(oldest)
      return
    }
  }
}
