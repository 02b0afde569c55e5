/** The cluster of a gateway, as its host sees it. */
import type { MemberLoad, MemberState } from './members/membership.js'

export type { MemberLoad, MemberState }

/** How a gateway of a cluster is: `degraded` without its message bus or lease, `draining` before its end. */
export type ClusterState = MemberState

/** How busy a gateway is, for a matchmaker or an autoscaler. */
export type ClusterLoad = MemberLoad

/** Another gateway of the cluster, as its last hello described it. They come every half second. */
export interface ClusterPeer {
  readonly frontendId: string
  /** The number of its start: unique in the cluster, and greater at each start. */
  readonly start: number
  readonly state: ClusterState
  /** Its version of this package. */
  readonly version: string
  readonly load: ClusterLoad
  /** Milliseconds since its last hello. */
  readonly silentFor: number
}

/** The cluster of a gateway, by its option `nats`. */
export interface ClusterView {
  /** The cluster's name, the option `cluster`. */
  readonly name: string
  /** How this gateway is, as the others see it. */
  readonly state: ClusterState
  /**
   * The number of this gateway's start. A new start begins if the gateway was cut off for so long that the
   * others took it for dead.
   */
  readonly start: number
  /** Returns the other gateways that live, also those that this one can't reach at the moment. */
  peers(): readonly ClusterPeer[]
}
