/** The answers of the console's API about the cluster, as they are in JSON. */

/** How a gateway is: `degraded` is one that has lost the message bus or its lease. */
export type MemberState = 'up' | 'draining' | 'degraded'

/** The cluster as one of its gateways sees it. */
export interface ClusterAnswer {
  readonly at: number
  /** null: the gateway is alone, without the option `nats`. */
  readonly cluster: ClusterDetail | null
}

export interface ClusterDetail {
  readonly name: string
  readonly state: MemberState
  /** The asked gateway comes first, the others follow by name. */
  readonly members: readonly MemberRow[]
  /** From the asked gateway to the others, by name. */
  readonly links: readonly LinkRow[]
}

export interface MemberRow {
  readonly frontendId: string
  /** The number of its start, which no other start of any gateway has. */
  readonly start: number
  readonly version: string
  readonly state: MemberState
  /** Whether it is the gateway that was asked. */
  readonly own: boolean
  /** Milliseconds since it was heard of; of the asked gateway 0. */
  readonly silentFor: number
  readonly connections: number
  readonly sessions: number
  /** Milliseconds that the oldest request has waited. */
  readonly queueDelay: number
  /** 99th percentile of the delay of its event loop, in milliseconds. */
  readonly eventLoopDelay: number
  /** Bytes of its heap. */
  readonly heapUsed: number
}

export interface LinkRow {
  /** The gateway at the other end, and the number of its start. */
  readonly frontendId: string
  readonly start: number
  /** Version of the protocol that both ends speak. */
  readonly protocol: number
  readonly open: boolean
  /** Whether its queue has room. Without room operations are refused, and events are dropped. */
  readonly room: boolean
  /** Milliseconds since the oldest unacknowledged batch was sent; 0: there is none. */
  readonly lag: number
  /** Bytes that wait to be sent, and bytes that were sent and are not acknowledged. */
  readonly queueBytes: number
  readonly unackedBytes: number
  /** Batches and bytes that were sent since the link began. */
  readonly batches: number
  readonly bytes: number
  /** Batches among them that were sent again. */
  readonly resent: number
  /** Times that a batch of the other end was missing. */
  readonly gaps: number
}
