/**
 * An event as it crosses the link to the gateway, encoded once for all of its receivers.
 * Also the options of events that handlers and the host pass.
 */
import { maxNameBytes } from '../check.js'
import { errors } from '../errors.js'
import { describeValue } from '../text/described.js'
import { utf8Length } from '../utf8.js'

/**
 * Treatment of an event when its receiver is too slow. Reliable: it waits. Latest: it waits until a newer
 * event of the same name and key replaces it. Volatile: it is dropped.
 */
export const deliveries = { reliable: 0, latest: 1, volatile: 2 } as const

/** Name of a delivery to slow receivers: `'reliable'`, `'latest'` or `'volatile'`. */
export type DeliveryName = keyof typeof deliveries
export type Delivery = (typeof deliveries)[DeliveryName]

/** Maximum size of an event's body in bytes. A body of this size fits into a frame of every protocol. */
export const maxEventBodyBytes = 16_000_000

export interface EventText {
  readonly name: string
  /** Plain JSON, each byte as one character; '' for no body. */
  readonly body: string
  /** The body in superjson's form, if `body` does not hold all of it; otherwise ''. */
  readonly rich: string
  /** Whether only clients that read superjson's form get the event. Then `body` is ''. */
  readonly richOnly: boolean
  readonly delivery: Delivery
  /** Key of a `latest` event. It replaces an earlier event of the same name and key. */
  readonly key: string
}

/** Options for the delivery of an event. */
export interface EventOptions {
  /**
   * Treatment of the event when a receiver is too slow. `'reliable'`: the event waits, and the receiver's
   * connection is closed as slow when too much waits. `'latest'`: the event waits until a newer one of the
   * same name and `key` replaces it. `'volatile'`: the event is dropped for that receiver.
   *
   * @defaultValue `'reliable'`
   */
  readonly delivery?: DeliveryName
  /**
   * Subject of a `'latest'` event, such as a player's name. At most 256 bytes.
   *
   * @defaultValue `''`
   */
  readonly key?: string
  /**
   * Whether to send the event only to clients with rich bodies. The body may then hold values that JSON has
   * no form for, such as a Map or a BigInt.
   *
   * @defaultValue `false`
   */
  readonly richOnly?: boolean
}

/** Receivers of a broadcast: `'all'` sessions, or those that are `'bound'` to a user. */
export type BroadcastFilter = 'all' | 'bound'

/**
 * Checks the options of an event and fills in the defaults.
 *
 * @throws TypeError for an invalid option
 */
export function readEventOptions(
  options: EventOptions = {}
): Pick<EventText, 'delivery' | 'key' | 'richOnly'> {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`Expected the options of an event to be an object, got ${describeValue(options)}`)
  }
  const { delivery = 'reliable', key = '', richOnly = false } = options
  // A value other than a string could give a different text each time it is read.
  if (typeof delivery !== 'string' || !Object.hasOwn(deliveries, delivery)) {
    throw new TypeError(
      `Expected the delivery of an event to be ${Object.keys(deliveries).join(', ')}, got ${describeValue(delivery)}`
    )
  }
  // Keys are often taken from a client's body, and are kept for each receiver that is behind.
  if (typeof key !== 'string' || utf8Length(key) > maxNameBytes) {
    throw new TypeError(
      `Expected the key of an event to be a string of at most ${maxNameBytes} bytes, got ${describeValue(key)}`
    )
  }
  if (typeof richOnly !== 'boolean') {
    throw new TypeError(`Expected richOnly of an event to be true or false, got ${describeValue(richOnly)}`)
  }
  return { delivery: deliveries[delivery], key, richOnly }
}

/**
 * Whether a broadcast is only for bound sessions.
 *
 * @throws TypeError for an unknown filter
 */
export function isForBound(filter: BroadcastFilter = 'all'): boolean {
  if (filter === 'all' || filter === 'bound') return filter === 'bound'
  throw new TypeError(`Expected the filter of a broadcast to be all or bound, got ${describeValue(filter)}`)
}

/**
 * Returns the body of an event as it is.
 *
 * @throws `EVENT_NOT_SERIALIZABLE` for a body that is too large for a frame
 */
export function expectEventBody(body: string): string {
  if (body.length <= maxEventBodyBytes) return body
  throw errors.eventNotSerializable('', `${body.length} bytes, of ${maxEventBodyBytes} that are allowed,`)
}
