/** An event on its way from a handler to players, as it crosses the link: encoded once, however many receive it. */
import { describeValue } from './check.js'

/**
 * What becomes of an event that its receiver is too slow for. Reliable: it waits. Latest: it waits, and a newer one of
 * the same key takes its place. Volatile: it is dropped.
 */
export const deliveries = { reliable: 0, latest: 1, volatile: 2 } as const

export type DeliveryName = keyof typeof deliveries
export type Delivery = (typeof deliveries)[DeliveryName]

export interface EventText {
  readonly name: string
  /** JSON, each byte as one character; '' for none. */
  readonly body: string
  readonly delivery: Delivery
  /** Of a latest event: which one it takes the place of, beside its name. */
  readonly key: string
}

/** How an event is to be delivered. */
export interface EventOptions {
  /**
   * `reliable` (default): waits for a slow receiver, who is closed as slow when too much waits. `latest`: a newer
   * event of the same name and `key` takes the place of one that waits. `volatile`: dropped for a slow receiver.
   */
  readonly delivery?: DeliveryName
  /** Of `latest`: what the event is about, e.g. a player's number. Default: ''. */
  readonly key?: string
}

/** How an event is to be delivered, by its options; throws a TypeError for what is none. */
export function readEventOptions({
  delivery = 'reliable',
  key = ''
}: EventOptions = {}): Pick<EventText, 'delivery' | 'key'> {
  if (!Object.hasOwn(deliveries, delivery)) {
    throw new TypeError(
      `Expected the delivery of an event to be ${Object.keys(deliveries).join(', ')}, got ${describeValue(delivery)}`
    )
  }
  if (typeof key !== 'string') {
    throw new TypeError(`Expected the key of an event to be a string, got ${describeValue(key)}`)
  }
  return { delivery: deliveries[delivery], key }
}
