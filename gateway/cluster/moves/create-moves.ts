/** Makes the moves of a gateway from its parts. */
import type { Dispatcher } from '../../dispatch/dispatcher.js'
import type { OpenRequests } from '../../dispatch/open-requests.js'
import type { RequestQueue } from '../../dispatch/request-queue.js'
import type { SessionHooks } from '../../intake/session-hooks.js'
import type { ResolvedOptions } from '../../options/options.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Channels } from '../../sessions/channels.js'
import type { Registry } from '../../sessions/registry.js'
import type { RouteTable } from '../../sessions/routes.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { Cuts } from '../cuts/cuts.js'
import { MovedTable } from '../cuts/moved-table.js'
import type { Names } from '../cuts/shadows.js'
import { processTiming } from '../link/link-host.js'
import type { Links } from '../link/links.js'
import type { Membership } from '../members/membership.js'
import { GatewayStock, type MovedClaims } from './gateway-stock.js'
import { HeldLanes } from './held-lanes.js'
import { Moves } from './moves.js'

/** The parts of a gateway that sessions are made of. */
export interface MovingParts {
  readonly core: {
    readonly registry: Registry
    readonly channels: Channels
    readonly hooks: SessionHooks
    readonly dispatcher: Dispatcher
    readonly requests: OpenRequests
    readonly queue: RequestQueue
    readonly routes: RouteTable
    readonly targets: { readonly metrics: Metrics }
  }
  readonly resumption: Resumption
}

export interface MovingCluster {
  readonly links: Links
  readonly members: Membership
  readonly names: Names
  readonly claims: MovedClaims | undefined
}

export function createMoves(
  { core, resumption }: MovingParts,
  options: Pick<ResolvedOptions, 'monotonic' | 'resumeWindow'>,
  cluster: MovingCluster
): { moves: Moves; cuts: Cuts } {
  const { registry, channels, hooks, dispatcher, requests, queue, routes, targets } = core
  const { monotonic, resumeWindow } = options
  const pumpSoon = () => dispatcher.pumpSoon()
  const { links, members, names } = cluster
  const moved = new MovedTable()
  const cuts = new Cuts({
    ...{ links, moved, names },
    ownStart: () => members.start,
    has: sid => registry.has(sid),
    lost: () => targets.metrics.count('clusterEventsLost')
  })
  const stock = new GatewayStock({
    ...{ registry, channels, resumption, hooks, dispatcher, routes, cuts, monotonic },
    claims: cluster.claims,
    lanes: new HeldLanes({ requests, queue, pumpSoon, monotonic })
  })
  const { metrics } = targets
  const timing = processTiming
  const moves = new Moves({
    ...{ links, members, registry, resumption, stock, cuts, moved, metrics, timing, resumeWindow }
  })
  return { moves, cuts }
}
