/** Makes the moves of a gateway from its parts. */
import type { Dispatcher } from '../../dispatch/dispatcher.js'
import type { OpenRequests } from '../../dispatch/open-requests.js'
import type { RequestQueue } from '../../dispatch/request-queue.js'
import type { SessionHooks } from '../../intake/session-hooks.js'
import type { ResolvedOptions } from '../../options/options.js'
import { ResumableReceiver } from '../../resume/resumable-receiver.js'
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
import { GatewayStock } from './gateway-stock.js'
import { HeldLanes } from './held-lanes.js'
import { Moves, type MovesInit } from './moves.js'
import type { MovedClaims } from './stock-init.js'

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

export function createStock(
  { core, resumption }: MovingParts,
  { monotonic }: Pick<ResolvedOptions, 'monotonic'>,
  claims: MovedClaims | undefined
): GatewayStock {
  const { registry, channels, hooks, dispatcher, requests, queue, routes } = core
  const pumpSoon = () => dispatcher.pumpSoon()
  return new GatewayStock({
    registry,
    channels,
    resumption,
    hooks,
    routes,
    claims,
    lanes: new HeldLanes({ requests, queue, dispatcher, routes, pumpSoon, monotonic })
  })
}

export interface MovingCluster {
  readonly links: Links
  readonly members: Membership
  readonly names: Names
  readonly stock: GatewayStock
  readonly findLost: MovesInit['findLost']
}

export function createMoves(
  { core, resumption }: MovingParts,
  { resumeWindow, now, log }: Pick<ResolvedOptions, 'resumeWindow' | 'now' | 'log'>,
  { links, members, names, stock, findLost }: MovingCluster
): { moves: Moves; cuts: Cuts } {
  const { registry, targets } = core
  const moved = new MovedTable()
  const cuts = new Cuts({
    links,
    moved,
    names,
    now,
    ownStart: () => members.start,
    has: sid => registry.has(sid),
    lost: () => targets.metrics.count('clusterEventsLost'),
    receiverOf: sid => {
      const receiver = registry.find(sid)?.receiver
      return receiver instanceof ResumableReceiver ? receiver : undefined
    },
    after: processTiming.after,
    unordered: () => targets.metrics.count('movesUnordered')
  })
  stock.cuts = cuts
  const { metrics } = targets
  const timing = processTiming
  const moves = new Moves({
    links,
    members,
    registry,
    resumption,
    stock,
    findLost,
    cuts,
    moved,
    metrics,
    log,
    timing,
    resumeWindow,
    owed: stock.owed
  })
  return { moves, cuts }
}
