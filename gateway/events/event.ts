/**
 * An event on its way to clients, with its encoded frames.
 *
 * The frame in each form of the wire is encoded once, for any number of clients.
 */

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
  /**
   * Whether several clients receive the event: then backlogs share its frame instead of keeping a copy each.
   */
  isShared = false
  /** The frames, by the number of their form. */
  readonly #frames: (EventFrame | undefined)[] = []
  #latestKey: string | undefined

  constructor({ name, body, rich, richOnly, delivery, key }: EventText) {
    this.name = name
    this.body = body
    this.rich = rich
    this.richOnly = richOnly
    this.delivery = delivery
    this.key = key
  }

  /** The key of a `latest` event: a newer event with an equal key replaces an older one. */
  get latestKey(): string {
    // The length separates the name from the key, whatever characters they contain.
    this.#latestKey ??= `${this.name.length}:${this.name}${this.key}`
    return this.#latestKey
  }

  /** The body in superjson's form; '' for an empty one. */
  get richBody(): string {
    return this.rich === '' ? wrapPlain(this.body) : this.rich
  }

  /** Returns the frame in this form, if it was made already. */
  findFrame(form: number): EventFrame | undefined {
    return this.#frames[form]
  }

  /** Keeps the frame in this form for all further clients of the event. */
  addFrame(form: number, text: string): EventFrame {
    const frame = new EventFrame(text)
    this.#frames[form] = frame
    return frame
  }
}

/**
 * Creates an event of the gateway's host.
 *
 * @throws `EVENT_NOT_SERIALIZABLE`; TypeError for an invalid name or invalid options
 */
export function createEvent(name: string, body?: unknown, options?: EventOptions): GatewayEvent {
  return new GatewayEvent(createEventText(name, body, options))
}
