/**
 * The memory that a kept frame costs besides its characters, in bytes.
 *
 * In V8 a frame is a string joined from pieces, and each piece has a header. In small frames the headers take
 * more memory than the characters. The figures were measured on Node 20, 22 and 24, and a test checks them.
 */

export interface FrameCost {
  /** Cost of a frame that is kept for one client alone. */
  readonly own: number
  /** Cost of each client's entry for a frame that several clients share. */
  readonly shared: number
}

export const messageCost: FrameCost = { own: 128, shared: 16 }

/** Costs of a `latest` event, which is stored under its key. */
export const latestCost: FrameCost = { own: 224, shared: 128 }

/** Cost of a shared frame itself, besides the entries of its clients. */
export const sharedFrameCost = 160
