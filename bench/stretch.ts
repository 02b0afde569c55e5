/** A stretch of pushes: what a server is asked to do by itself, with no load from outside. */

export interface Stretch {
  /** Pushes that wait for their acks at a time. */
  readonly waiting: number
  readonly seconds: number
}

export interface StretchResult {
  /** Pushes whose ack has come. */
  readonly count: number
  readonly seconds: number
  /** The value that the session must hold now. */
  readonly last: number
}
