/** The gateways of a cluster, as the rooms that use them see them. */

export type MemberState = 'up' | 'draining' | 'degraded'

/** A gateway of the cluster, as its last hello described it. */
export interface Member {
  readonly frontendId: string
  /** The number of its start: unique in the cluster, and never used again. */
  readonly start: number
  readonly state: MemberState
  readonly version: string
  /** Version of the links' protocol that this gateway and that one speak. */
  readonly protocol: number
  /** Version of the questions about claims that it answers. undefined: it answers none. */
  readonly claimsVersion?: number | undefined
  readonly load: MemberLoad
  /** Milliseconds since its last hello. */
  readonly silentFor: number
}

export interface MemberLoad {
  readonly connections: number
  readonly sessions: number
  /** Milliseconds that the newest request has waited in the queue. */
  readonly queueDelay: number
  /** 99th percentile of the event loop's delay, in milliseconds. */
  readonly eventLoopDelay: number
  readonly heapUsed: number
}

export interface MembershipListener {
  /** A start has joined: hellos come from it. */
  joined?(member: Member): void
  /**
   * A start is over: its certificate of death stands, it has left, or a new start has its name.
   * `byItself`: it has left, when no session was there any more.
   */
  left?(start: number, frontendId: string, byItself: boolean): void
  /** The own bus or lease was lost or is back. */
  stateChanged?(isDegraded: boolean): void
  /** The own start was certified dead while the bus was away, and a new start has begun. */
  restarted?(start: number): void
}

export interface Membership {
  /** The number of the own start. */
  readonly start: number
  readonly frontendId: string
  readonly isDegraded: boolean
  /** Whether the own lease is good at this moment, by the own clock. */
  readonly hasLease: boolean
  /** The others, without the own gateway. */
  readonly others: readonly Member[]
  /**
   * Resolves to whether a start is dead for ever. Certifies it if it has no lease. undefined: the bus gives
   * no answer.
   */
  isDead(start: number): Promise<boolean | undefined>
  /** Tells a listener of changes from now on. Who has joined before is in `others`. */
  watch(listener: MembershipListener): void
}
