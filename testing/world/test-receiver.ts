/** The client of a session in a `TestWorld`, which may be away for a while. */
import type { GatewayEvent } from '../../gateway/events/event.js'
import type { Receiver } from '../../gateway/sessions/receiver.js'
import { decodeRich } from '../../shared/bodies/rich-body.js'
import { deliveries } from '../../shared/events/event.js'

/** An event as the session's client would receive it. */
export interface TestEvent {
  readonly event: string
  readonly body: unknown
}

/** The end of a session, as its client would be told. */
export interface TestEnding {
  /** The close code. */
  readonly code: number
  /** The reason in the kick; null: the client sees only the close code. */
  readonly reason: string | null
}

/** @internal The client of a session. */
export class TestReceiver implements Receiver {
  readonly address = { ip: '192.0.2.1', port: 1 }
  readonly readsRich = true
  /** What the client has received. */
  readonly events: TestEvent[] = []
  ending: TestEnding | undefined
  #isConnected = true
  /** What waits while the client is away: reliable events, and the newest `latest` event of each key. */
  readonly #missed: GatewayEvent[] = []
  readonly #latest = new Map<string, GatewayEvent>()

  get isConnected(): boolean {
    return this.#isConnected
  }

  event(event: GatewayEvent): boolean {
    if (this.#isConnected) this.#receive(event)
    else if (event.delivery === deliveries.volatile) return false
    else if (event.delivery === deliveries.reliable) this.#missed.push(event)
    else {
      // Deleted first, so that the key moves to the end of the map.
      this.#latest.delete(event.latestKey)
      this.#latest.set(event.latestKey, event)
    }
    return true
  }

  /** The client loses its connection. */
  drop(): void {
    this.#isConnected = false
  }

  /** The client is back, and receives what it has missed: the reliable events first. */
  comeBack(): void {
    this.#isConnected = true
    const missed = [...this.#missed.splice(0), ...this.#latest.values()]
    this.#latest.clear()
    for (const event of missed) this.#receive(event)
  }

  end(code: number, reason: string | null): void {
    this.#isConnected = false
    this.ending = { code, reason }
  }

  inspect() {
    return { sendBytes: 0, backlog: null, roundTrip: null }
  }

  reply(): void {}
  error(): void {}
  pause(): void {}
  resume(): void {}

  #receive({ name, richBody }: GatewayEvent): void {
    this.events.push({ event: name, body: decodeRich(Buffer.from(richBody, 'latin1').toString()) })
  }
}
