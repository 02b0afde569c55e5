/**
 * One player's requests: which are in flight, and since when. Each reply must belong to a request in flight,
 * and is checked. When replies arrive, it sends as many new requests at once, until it is told to stop.
 */

import type { ReplyCheck } from './messages.js'
import type { PlayerListener, Sender } from './player.js'
import { idCount, type RequestRing, slotOf, slotOfId } from './ring.js'

/** Marks an id that no request in flight has; stands in place of a time. */
const none = -1

/** What all loops of a load share. */
export interface LoopInit {
  readonly check: ReplyCheck
  /** Called for each reply, with the milliseconds since its request. */
  readonly onReply?: (milliseconds: number) => void
}

export class Loop implements PlayerListener {
  readonly #init: LoopInit
  readonly #sentAt = new Float64Array(idCount).fill(none)
  /** Where to send requests; undefined: none are sent any more. */
  #ring: RequestRing | undefined
  #sent = 0
  #replied = 0
  #last = Number.NaN
  #onDrained: () => void = () => {}

  constructor(init: LoopInit) {
    this.#init = init
  }

  replied(id: number, value: number): void {
    const slot = slotOfId(id)
    const sentAt = this.#sentAt[slot] ?? none
    if (sentAt === none) throw new Error(`Wrong answer: no request waits that has the id ${id}`)
    this.#sentAt[slot] = none
    this.#replied++
    this.#last = value
    this.#expect(value)
    this.#init.onReply?.(performance.now() - sentAt)
  }

  heard(player: Sender, count: number): void {
    if (this.#ring !== undefined) this.#send(player, this.#ring, count)
    else if (this.#replied === this.#sent) this.#onDrained()
  }

  /** Keeps `inFlight` requests in flight from now on. */
  begin(player: Sender, ring: RequestRing, inFlight: number): void {
    this.#ring = ring
    this.#send(player, ring, inFlight)
  }

  /** Stops sending. Resolves when all requests are answered, with their number. */
  async drain(): Promise<number> {
    this.#ring = undefined
    await this.#drained()
    return this.#replied
  }

  /** Sends a request while no other is in flight. Resolves with the number in its reply. */
  async ask(player: Sender, ring: RequestRing): Promise<number> {
    this.#send(player, ring, 1)
    await this.#drained()
    return this.#last
  }

  #drained(): Promise<void> {
    if (this.#replied === this.#sent) return Promise.resolve()
    return new Promise(resolve => {
      this.#onDrained = resolve
    })
  }

  #send(player: Sender, ring: RequestRing, count: number): void {
    const now = performance.now()
    for (let i = 0; i < count; i++) {
      const slot = slotOf(this.#sent + i)
      if (this.#sentAt[slot] !== none)
        throw new Error('A request was overtaken by all the ids that there are')
      this.#sentAt[slot] = now
    }
    player.send(ring.slice(this.#sent, count))
    this.#sent += count
  }

  #expect(value: number): void {
    const { check } = this.#init
    if (check === 'bodies') return
    if (Number.isNaN(value)) throw new Error('Wrong answer: a number was due')
    if (check === 'counted' && value !== this.#replied) {
      throw new Error(`Wrong answer: the counter of a socket should be ${this.#replied} and is ${value}`)
    }
  }
}
