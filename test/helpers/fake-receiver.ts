/** A session's receiver that only records the calls. */
import type { GatewayEvent } from '../../gateway/events/event.js'
import type { Receiver } from '../../gateway/sessions/receiver.js'

export class FakeReceiver implements Receiver {
  readonly address = { ip: '192.0.2.7', port: 4321 }
  isConnected = true
  readsRich = false
  readonly events: [name: string, body: string][] = []
  readonly endings: [code: number, kickReason: string | null][] = []

  inspect() {
    return { sendBytes: 0, backlog: null, roundTrip: null }
  }

  reply(): void {}
  error(): void {}
  pause(): void {}
  resume(): void {}

  event({ name, body }: GatewayEvent): boolean {
    this.events.push([name, body])
    return true
  }

  end(code: number, kickReason: string | null): void {
    this.endings.push([code, kickReason])
  }
}
