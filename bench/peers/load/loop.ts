/**
 * One player's requests: which of them wait, and since when. Each reply must be to one that waits, and is held to what
 * it must be. Sends the next requests when replies have come, as many at once as came at once, until it is told to stop.
 */

import type { ReplyCheck } from './messages.js'
import type { PlayerListener, Sender } from './player.js'
import { idCount, type RequestRing, slotOf, slotOfId } from './ring.js'

/** In the place of a time: no request with this id waits. */
const none = -1

/** What the loops of one load share. */
export interface LoopInit {
  readonly check: ReplyCheck
  /** Called for each reply, with the milliseconds since its request. */
  readonly onReply?: (milliseconds: number) => void
}

export class Loop implements PlayerListener {
  readonly #init: LoopInit
  readonly #sentAt = new Float64Array(idCount).fill(none)
  /** What to send on; undefined: nothing any more. */
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

  /** Keeps so many requests in flight from now on. */
  begin(player: Sender, ring: RequestRing, inFlight: number): void {
    this.#ring = ring
    this.#send(player, ring, inFlight)
  }

  /** Sends no more. Resolves when all is answered, with how many that were. */
  async drain(): Promise<number> {
    this.#ring = undefined
    await this.#drained()
    return this.#replied
  }

  /** Sends one request while no other waits. Resolves with the number that it is answered by. */
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
