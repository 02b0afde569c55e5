/** What the handlers of the cases about several gateways are asked for, and what they reply. */

export interface Address {
  readonly frontendId: string
  readonly sid: number
}

export interface FarAsked {
  readonly seconds: number
  /** The session that is pushed to. */
  readonly to: Address
  /** Operations that may wait for their acks at a time. Default: 1. */
  readonly waiting?: number
}

export interface FarResult {
  readonly count: number
  readonly seconds: number
  /** The value that the session must hold now. */
  readonly last?: number
  /** Microseconds of an operation, where they are sent one at a time. */
  readonly p50?: number
  readonly p99?: number
}

/** What a work asks of the handlers: the route, and its body but for the address. */
export interface AskedFar extends Omit<FarAsked, 'to'> {
  readonly route: 'far.push' | 'far.alone' | 'far.broadcast'
}
