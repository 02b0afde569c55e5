/**
 * Events that arrived before their name had a listener. The first listener of the name gets them, in the
 * order in which they came, and before all later events. Bounded: when there is too much, the events of the
 * name that takes the most are dropped, and the game is told. Owned by the Client.
 */

import type { DroppedEvents } from './base/options.js'

export interface EarlyEventsInit {
  /** Calls the listeners of that name, if there are any. */
  tell(name: string, body: unknown): void
  dropped(dropped: DroppedEvents): void
}

interface EarlyEvent {
  readonly name: string
  readonly body: unknown
  readonly cost: number
  readonly isCounted: boolean
}

/** Bytes that the kept events of all names may take together. */
const mostBytes = 262_144

/** Bytes that an event takes at least, so that there are at most 256 events. */
const leastCost = 1_024

export class EarlyEvents {
  readonly #init: EarlyEventsInit
  #kept: EarlyEvent[] = []
  /** Names whose events are not kept any more, because they have had a listener or took too much. */
  readonly #settled = new Set<string>()
  /** Names with a first listener, which gets the kept events in the next microtask. */
  readonly #awaited = new Set<string>()

  constructor(init: EarlyEventsInit) {
    this.#init = init
  }

  /**
   * Passes an event on, or keeps it for the first listener of its name. `bytes`: the size of its message.
   * `isCounted`: false for `latest` and `volatile` events, of which only the newest of each name is kept.
   */
  receive(name: string, body: unknown, bytes: number, isCounted: boolean): void {
    if (this.#settled.has(name)) return this.#init.tell(name, body)
    if (!isCounted) this.#kept = this.#kept.filter(event => event.isCounted || event.name !== name)
    this.#kept.push({ name, body, cost: Math.max(bytes, leastCost), isCounted })
    this.#makeRoom()
  }

  /** Notes that a name has a listener. Listeners that are added in the same task get the same events. */
  listen(name: string): void {
    if (!this.#kept.some(event => event.name === name)) this.#settled.add(name)
    else if (this.#awaited.add(name).size === 1) queueMicrotask(() => this.#deliver())
  }

  /** Forgets the kept events, because their session is over. */
  clear(): void {
    this.#kept = []
  }

  #deliver(): void {
    const names = new Set(this.#awaited)
    this.#awaited.clear()
    for (const name of names) this.#settled.add(name)
    // Taken out one by one: a listener may close the client, which clears the rest.
    for (;;) {
      const at = this.#kept.findIndex(({ name }) => names.has(name))
      if (at < 0) return
      const [event] = this.#kept.splice(at, 1)
      this.#init.tell(event!.name, event!.body)
    }
  }

  #makeRoom(): void {
    const costs = new Map<string, number>()
    let [total, most] = [0, '']
    for (const { name, cost } of this.#kept) {
      total += cost
      costs.set(name, (costs.get(name) ?? 0) + cost)
      if (costs.get(name)! > (costs.get(most) ?? 0)) most = name
    }
    if (total <= mostBytes) return
    const { length } = this.#kept
    this.#kept = this.#kept.filter(({ name }) => name !== most)
    this.#settled.add(most)
    this.#init.dropped({ event: most, count: length - this.#kept.length })
  }
}
