/**
 * Requests of one worker that were given up: decided, past their deadline, while their handler was not done. What their
 * handlers ask for from then on is refused, also when they end after all. Those that hang are counted by their routes.
 */
import type { Request } from '../sessions/request.js'

/** Requests whose late operations are known for what they are; the oldest are forgotten beyond so many. */
const mostKnown = 65_536

export class GivenUpRequests {
  /** Those whose handlers are not done, by number. */
  readonly #hanging = new Map<number, Request>()
  readonly #countByRoute = new Map<string, number>()
  /** Routes by number, also of those that are done. */
  readonly #routes = new Map<number, string>()

  /** How many hang. */
  get size(): number {
    return this.#hanging.size
  }

  /** Adds one that hangs. Returns how many of its route do. */
  add(request: Request): number {
    const { rid } = request
    const { name } = request.route
    this.#hanging.set(rid, request)
    this.#remember(rid, name)
    return this.#count(name, 1)
  }

  /** Takes out one whose handler is done at last; undefined: it is none of them. */
  take(rid: number): Request | undefined {
    const request = this.#hanging.get(rid)
    if (request === undefined) return undefined
    this.#hanging.delete(rid)
    this.#count(request.route.name, -1)
    return request
  }

  /** The route of a request that was given up, whether it hangs or not. */
  routeOf(rid: number): string | undefined {
    return this.#routes.get(rid)
  }

  #count(route: string, by: number): number {
    const count = (this.#countByRoute.get(route) ?? 0) + by
    this.#countByRoute.set(route, count)
    return count
  }

  #remember(rid: number, route: string): void {
    this.#routes.set(rid, route)
    if (this.#routes.size <= mostKnown) return
    for (const [oldest] of this.#routes) {
      this.#routes.delete(oldest)
      return
    }
  }
}
