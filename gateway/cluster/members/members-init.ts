/** What a gateway needs to be a member of a cluster. */
import type { Logger } from '../../../shared/text/log.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { Bus } from '../bus/bus.js'
import type { AlikeOptions } from './alike-options.js'
import type { ProtocolRange } from './hello.js'
import type { MemberLoad } from './membership.js'

export interface MembersInit {
  readonly bus: Bus
  /** The cluster's name. */
  readonly cluster: string
  readonly frontendId: string
  /** The version of this program. */
  readonly version: string
  /** The versions of the links' protocol that this program speaks. */
  readonly protocol: ProtocolRange
  /** The options that all gateways should have alike. */
  readonly alike: AlikeOptions
  /** Version of the questions about claims that are answered here. undefined: none are. */
  readonly claimsVersion?: number | undefined
  /** Milliseconds of a lease. */
  readonly leaseTtl: number
  readonly load: () => MemberLoad
  readonly metrics: Pick<Metrics, 'count' | 'gauge'>
  readonly log: Logger
  readonly monotonic: () => number
  /** Ends the join at once. */
  readonly signal?: AbortSignal | undefined
}
