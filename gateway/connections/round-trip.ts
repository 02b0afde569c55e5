/**
 * The time of a ping to one client and back. Made when somebody first looks at the session in the console, so
 * that a connection that nobody looks at sends no ping and keeps nothing.
 */
import type { WebSocket } from 'ws'
import { monotonicClock } from '../../shared/clock.js'

/** Milliseconds after which a ping without an answer is given up, and another one may be sent. */
const longestWait = 10_000

export class RoundTrip {
  readonly #webSocket: Pick<WebSocket, 'ping' | 'on' | 'readyState' | 'OPEN'>
  readonly #monotonic: () => number
  #pings = 0
  /** When the ping was sent that is not answered yet; undefined: there is none. */
  #sentAt: number | undefined
  #last: number | null = null

  constructor(webSocket: Pick<WebSocket, 'ping' | 'on' | 'readyState' | 'OPEN'>, monotonic = monotonicClock) {
    this.#webSocket = webSocket
    this.#monotonic = monotonic
    webSocket.on('pong', (data: Buffer) => this.#answered(data.toString('latin1')))
  }

  /** Milliseconds of the last ping that was answered; null: none was. */
  get last(): number | null {
    return this.#last
  }

  /** Sends a ping, unless the answer to one is awaited. */
  measure(): void {
    const now = this.#monotonic()
    const isAwaited = this.#sentAt !== undefined && now - this.#sentAt < longestWait
    if (isAwaited || this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#sentAt = now
    this.#webSocket.ping(`${++this.#pings}`)
  }

  /** Measures at the answer to the newest ping. A client may also send a pong that nobody asked for. */
  #answered(data: string): void {
    if (this.#sentAt === undefined || data !== `${this.#pings}`) return
    this.#last = this.#monotonic() - this.#sentAt
    this.#sentAt = undefined
  }
}
