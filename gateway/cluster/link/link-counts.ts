/** What the links have done since the gateway's start, for its metrics. */

export interface LinkCounts {
  /** Batches sent, each time that they were. */
  batches: number
  /** Bytes of these batches, without their heads. */
  bytes: number
  /** Batches that were sent again. */
  resent: number
  /** Times that a batch of another gateway was missing. */
  gaps: number
}

export interface LinkGauges {
  /** Bytes that wait for the gateway for which most wait. */
  readonly queueBytes: number
  /** Milliseconds since the oldest batch without an ack was written. */
  readonly lag: number
}
