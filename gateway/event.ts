/** An event on its way to players: each form of the wire makes its frame once, however many receive it. */
import { expectEvent } from '../shared/check.js'
import { errors } from '../shared/errors.js'
import {
  type Delivery,
  type EventOptions,
  type EventText,
  expectEventBody,
  readEventOptions
} from '../shared/event.js'
import { encodeJson } from './protocol.js'

export class GatewayEvent implements EventText {
  readonly name: string
  readonly body: string
  readonly delivery: Delivery
  readonly key: string
  readonly #frames = new Map<string, string>()
  #place: string | undefined

  constructor({ name, body, delivery, key }: EventText) {
    this.name = name
    this.body = body
    this.delivery = delivery
    this.key = key
  }

  /** Of a latest one: equal for those of which only the newest counts. */
  get place(): string {
    // The length tells the name from the key, whatever characters they have.
    this.#place ??= `${this.name.length}:${this.name}${this.key}`
    return this.#place
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
 * @throws `EVENT_NOT_SERIALIZABLE`, TypeError for a name or options that are none, and what JSON.stringify throws
 */
export function createEvent(name: string, body?: unknown, options?: EventOptions): GatewayEvent {
  return new GatewayEvent({
    name: expectEvent(name),
    body: expectEventBody(encodeEventBody(body)),
    ...readEventOptions(options)
  })
}

function encodeEventBody(body: unknown): string {
  if (body === undefined) return ''
  // JSON has no form of a function or a symbol.
  if (typeof body === 'function' || typeof body === 'symbol')
    throw errors.eventNotSerializable('', `a ${typeof body}`)
  return encodeJson(body)
}
