/** An event on its way to players: each form of the wire makes its frame once, however many receive it. */
import { expectEvent } from '../shared/check.js'
import { type Delivery, type EventOptions, type EventText, readEventOptions } from '../shared/event.js'
import { encodeJson } from './protocol.js'

export class GatewayEvent implements EventText {
  readonly name: string
  readonly body: string
  readonly delivery: Delivery
  readonly key: string
  readonly #frames = new Map<string, string>()

  constructor({ name, body, delivery, key }: EventText) {
    this.name = name
    this.body = body
    this.delivery = delivery
    this.key = key
  }

  /** What it takes the place of, of a latest one. A name can't hold the character between them. */
  get place(): string {
    return `${this.name}\n${this.key}`
  }

  /** The frame in that form; `make` is asked for it once. */
  frame(form: string, make: () => string): string {
    let frame = this.#frames.get(form)
    if (frame === undefined) {
      frame = make()
      this.#frames.set(form, frame)
    }
    return frame
  }
}

/**
 * An event of the gateway's host.
 *
 * @throws TypeError for a name or options that are none, and what JSON.stringify throws
 */
export function createEvent(name: string, body?: unknown, options?: EventOptions): GatewayEvent {
  const encoded = body === undefined ? '' : encodeJson(body)
  return new GatewayEvent({ name: expectEvent(name), body: encoded, ...readEventOptions(options) })
}
