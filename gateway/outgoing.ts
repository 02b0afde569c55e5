/**
 * What one client is sent: the frames of a tick leave in one write, and what the client is too slow for waits, is
 * replaced, or is dropped, as each event wants it.
 */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { deliveries } from '../shared/event.js'
import type { GatewayEvent } from './event.js'
import type { Metrics } from './metrics.js'
import type { SendBudget } from './send-budget.js'

export interface OutgoingInit {
  readonly webSocket: WebSocket
  /** The socket below it: to write several frames at once. */
  readonly socket: Socket
  readonly metrics: Metrics
  readonly budget: SendBudget
  /** Bytes that may wait. */
  readonly maxBytes: number
  /** More waits than may. */
  readonly onBehind: () => void
}

export class Outgoing {
  readonly #init: OutgoingInit
  /** What this tick has for the client, in frames. Each byte is one character. */
  #frames = ''
  /** The newest of each `latest` event that waits for the client to take what was sent before. */
  #latest: Map<string, string> | undefined
  #latestBytes = 0
  /** What the budget of the gateway was last told. */
  #told = 0

  constructor(init: OutgoingInit) {
    this.#init = init
  }

  /** Bytes that the kernel has not taken yet, and those that wait for their turn. */
  get bytesWaiting(): number {
    return this.#init.webSocket.bufferedAmount + this.#frames.length + this.#latestBytes
  }

  add(frame: string): void {
    if (this.#frames === '') process.nextTick(this.#flush)
    this.#frames += frame
  }

  addEvent(event: GatewayEvent, frame: string): void {
    const { metrics, webSocket } = this.#init
    if (event.delivery === deliveries.reliable) return this.add(frame)
    const isBehind = webSocket.bufferedAmount > 0 || this.#latest !== undefined
    if (!isBehind) return this.add(frame)
    if (event.delivery === deliveries.volatile) return metrics.count('eventsDropped')
    this.#wait(event.place, frame)
  }

  /** Writes what there is now. `latest` events wait on. */
  write(): void {
    const frames = this.#frames
    if (frames === '') return
    this.#frames = ''
    const { webSocket, socket } = this.#init
    // Once a close frame has left, by us or in answer to the client's, no data may follow.
    if (webSocket.readyState === webSocket.OPEN) socket.write(frames, 'latin1')
  }

  /** Whether more waits than may; if so, whoever made this is told, once. */
  check(): void {
    const { maxBytes, onBehind, budget } = this.#init
    const waiting = this.bytesWaiting
    if (waiting !== this.#told) {
      budget.change(waiting - this.#told)
      this.#told = waiting
    }
    if (waiting > maxBytes || (waiting > 0 && budget.isExceeded && budget.isGreedy(waiting))) onBehind()
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#init.budget.change(-this.#told)
    this.#told = 0
    this.#frames = ''
    this.#latest = undefined
    this.#latestBytes = 0
  }

  #wait(place: string, frame: string): void {
    if (this.#latest === undefined) {
      this.#latest = new Map()
      this.write()
      // Called when all that was written before has been taken.
      this.#init.socket.write('', this.#taken)
    }
    const before = this.#latest.get(place)
    if (before !== undefined) {
      this.#init.metrics.count('eventsReplaced')
      this.#latestBytes -= before.length
    }
    this.#latest.set(place, frame)
    this.#latestBytes += frame.length
    this.check()
  }

  readonly #taken = (): void => {
    const latest = this.#latest
    this.#latest = undefined
    this.#latestBytes = 0
    for (const frame of latest?.values() ?? []) this.add(frame)
  }

  readonly #flush = (): void => {
    this.write()
    this.check()
  }
}
