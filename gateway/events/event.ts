/** An event on its way to players: each form of the wire makes its frame once, however many receive it. */

import { wrapPlain } from '../../shared/bodies/rich-body.js'
import type { Delivery, EventOptions, EventText } from '../../shared/events/event.js'
import { createEventText } from '../../shared/events/event-text.js'
import { EventFrame } from './event-frame.js'

export class GatewayEvent implements EventText {
  readonly name: string
  readonly body: string
  readonly rich: string
  readonly richOnly: boolean
  readonly delivery: Delivery
  readonly key: string
  /** Whether several are sent it: then what is kept of it for them is kept once. */
  isShared = false
  /** By the number of the form. */
  readonly #frames: (EventFrame | undefined)[] = []
  #place: string | undefined

  constructor({ name, body, rich, richOnly, delivery, key }: EventText) {
    this.name = name
    this.body = body
    this.rich = rich
    this.richOnly = richOnly
    this.delivery = delivery
    this.key = key
  }

  /** Of a latest one: equal for those of which only the newest counts. */
  get latestKey(): string {
    // The length tells the name from the key, whatever characters they have.
    this.#place ??= `${this.name.length}:${this.name}${this.key}`
    return this.#place
  }

  /** Its body in superjson's form; '' for none. */
  get richBody(): string {
    return this.rich === '' ? wrapPlain(this.body) : this.rich
  }

  /** The frame in the form of this number, if it was made. */
  findFrame(form: number): EventFrame | undefined {
    return this.#frames[form]
  }

  /** Keeps the frame in the form of this number for all who are sent the event after. */
  addFrame(form: number, text: string): EventFrame {
    const frame = new EventFrame(text)
    this.#frames[form] = frame
    return frame
  }
}

/**
 * An event of the gateway's host.
 *
 * @throws `EVENT_NOT_SERIALIZABLE`, TypeError for a name or options that are none
 */
export function createEvent(name: string, body?: unknown, options?: EventOptions): GatewayEvent {
  return new GatewayEvent(createEventText(name, body, options))
}
