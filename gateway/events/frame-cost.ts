/**
 * What a frame that is kept takes of memory beside its characters, in bytes. A frame is put together of
 * pieces, each with a header, so that of small ones the headers are most. Measured on Node 20, 22 and 24, and
 * held by a test.
 */

export interface FrameCost {
  /** Where it is kept for one client alone. */
  readonly own: number
  /** For the place that it has with each client, where it is kept once for several. */
  readonly shared: number
}

export const messageCost: FrameCost = { own: 128, shared: 16 }

/** Of a `latest` event, which is found by its place. */
export const latestCost: FrameCost = { own: 224, shared: 128 }

/** Of an event's frame that is kept once for several, beside its places. */
export const sharedFrameCost = 160
