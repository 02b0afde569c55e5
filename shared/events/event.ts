/** An event on its way from a handler to players, as it crosses the link: encoded once, however many receive it. */
import { describeValue, maxNameBytes } from '../check.js'
import { errors } from '../errors.js'
import { utf8Length } from '../utf8.js'

/**
 * What becomes of an event that its receiver is too slow for. Reliable: it waits. Latest: it waits, and a newer one of
 * the same key takes its place. Volatile: it is dropped.
 */
export const deliveries = { reliable: 0, latest: 1, volatile: 2 } as const

export type DeliveryName = keyof typeof deliveries
export type Delivery = (typeof deliveries)[DeliveryName]

/** Bytes that the body of an event may take: what fits into a frame of every form. */
export const maxEventBodyBytes = 16_000_000

export interface EventText {
  readonly name: string
  /** JSON, each byte as one character; '' for none. */
  readonly body: string
  /** The same in superjson's form, if there is more in it than in `body`; '' if not. */
  readonly rich: string
  /** Whether it is for none but clients that read that form. Then it has no `body`. */
  readonly richOnly: boolean
  readonly delivery: Delivery
  /** Of a latest event: which one it takes the place of, beside its name. */
  readonly key: string
}

/** How an event is to be delivered. */
export interface EventOptions {
  /**
   * `reliable` (default): waits for a slow receiver, who is closed as slow when too much waits. `latest`: drops one of
   * the same name and `key` that has not left yet. `volatile`: dropped for a slow receiver.
   */
  readonly delivery?: DeliveryName
  /** Of `latest`: what the event is about, e.g. a player's name; at most 256 bytes. Default: ''. */
  readonly key?: string
  /**
   * Sends it only to those whose clients read rich bodies, so that the body may have in it what JSON has no form for: a Map, a
   * BigInt … Default: false.
   */
  readonly richOnly?: boolean
}

/** Whom an event of many is for: every session (default), or those that are bound to a user. */
export type BroadcastFilter = 'all' | 'bound'

/** How an event is to be delivered, by its options; throws a TypeError for what is none. */
export function readEventOptions(
  options: EventOptions = {}
): Pick<EventText, 'delivery' | 'key' | 'richOnly'> {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`Expected the options of an event to be an object, got ${describeValue(options)}`)
  }
  const { delivery = 'reliable', key = '', richOnly = false } = options
  // What is no text may be read as another one each time.
  if (typeof delivery !== 'string' || !Object.hasOwn(deliveries, delivery)) {
    throw new TypeError(
      `Expected the delivery of an event to be ${Object.keys(deliveries).join(', ')}, got ${describeValue(delivery)}`
    )
  }
  // A key comes easily from a client, and is kept for each receiver that is behind.
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

/** Whether a broadcast is only for sessions that are bound; throws a TypeError for a filter that there is none of. */
export function isForBound(filter: BroadcastFilter = 'all'): boolean {
  if (filter === 'all' || filter === 'bound') return filter === 'bound'
  throw new TypeError(`Expected the filter of a broadcast to be all or bound, got ${describeValue(filter)}`)
}

/** Gives an event's body back; throws `EVENT_NOT_SERIALIZABLE` for one that fits into no frame. */
export function expectEventBody(body: string): string {
  if (body.length <= maxEventBodyBytes) return body
  throw errors.eventNotSerializable('', `${body.length} bytes, of ${maxEventBodyBytes} that are allowed,`)
}
