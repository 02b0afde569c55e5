/** Requests that timed out in a worker, with their routes: their late operations are told apart from others. */

/** The oldest are forgotten beyond so many. */
const limit = 65_536

export class EndedRoutes {
  readonly #byRid = new Map<number, string>()

  find(rid: number): string | undefined {
    return this.#byRid.get(rid)
  }

  add(rid: number, route: string): void {
    this.#byRid.set(rid, route)
    if (this.#byRid.size <= limit) return
    for (const [oldest] of this.#byRid) {
      this.#byRid.delete(oldest)
      return
    }
  }
}
