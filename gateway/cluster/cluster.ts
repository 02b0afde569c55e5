/**
 * A gateway's part in its cluster: puts the rooms of `cluster/` together, and leaves in order.
 *
 * Loaded only if there is a cluster, and made before the gateway starts workers and listens. From then on the
 * sessions are numbered by the start, the workers reach the sessions of all gateways, and users are claimed.
 */
import type { OtherGateways } from '../console/other-gateways.js'
import type { OperationTargets } from '../operations/worker-operations.js'
import type { ResolvedOptions } from '../options/options.js'
import { version } from '../telemetry/version.js'
import type { Bus } from './bus/bus.js'
import { subjectsOf } from './bus/subjects.js'
import type { ClusterClaims } from './claims/cluster-claims.js'
import type { ClusterPeer, ClusterState, ClusterView } from './cluster-view.js'
import { Condition } from './condition.js'
import { createClusterConsole } from './console/cluster-console.js'
import { Fence } from './fence.js'
import { Interest } from './interest/interest.js'
import { sidBefore } from './leases/start-number.js'
import { ClusterLinks } from './link/cluster-links.js'
import { processTiming } from './link/link-host.js'
import type { LoadMeter, OwnLoad } from './load-meter.js'
import type { Members } from './members/members.js'
import { createMoves, type MovingParts } from './moves/create-moves.js'
import type { GatewayStock } from './moves/gateway-stock.js'
import type { Moves } from './moves/moves.js'
import type { Parking } from './parking/parking.js'
import { Routing } from './routing/routing.js'

export interface ClusterInit {
  readonly options: ResolvedOptions
  readonly targets: OperationTargets
  readonly parts: MovingParts
  readonly readLoad: () => OwnLoad
  /** undefined: NATS, as the options say. */
  readonly bus?: Bus | undefined
  /** Ends the join at once. */
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds in which the others take in what was sent to them before this gateway leaves. */
const lastWords = 500

/** Milliseconds for the removal of what is kept of sessions that have ended. */
const lastRemovals = 3_000

/** What stands when the gateway has joined. */
export interface ClusterBase {
  readonly bus: Bus
  readonly meter: LoadMeter
  readonly members: Members
  /** undefined: a user may have several sessions. */
  readonly claims: ClusterClaims | undefined
  readonly stock: GatewayStock
  /** undefined: sessions are kept by their gateways only. */
  readonly parking: Parking | undefined
}

export class Cluster implements ClusterView {
  readonly name: string
  /** The other gateways, as the console reaches them. */
  readonly others: OtherGateways
  readonly #bus: Bus
  readonly #members: Members
  readonly #links: ClusterLinks
  readonly #moves: Moves
  readonly #parking: Parking | undefined
  readonly #parks: boolean
  readonly #condition: Condition
  /** Whatever has a timer or a subscription of its own, in the order in which it ends. */
  readonly #ending: { close(): void }[] = []
  #life: 'member' | 'draining' | 'left' = 'member'

  constructor(
    { options, targets, parts }: ClusterInit,
    { bus, meter, members, claims, stock, parking }: ClusterBase
  ) {
    const { cluster, nats, log, monotonic } = options
    const { metrics } = targets
    this.name = cluster
    this.#bus = bus
    this.#members = members
    this.#links = new ClusterLinks({
      bus,
      subjectOf: subjectsOf(cluster).link,
      allSubject: subjectsOf(cluster).all,
      log,
      metrics,
      window: options.clusterWindow,
      queueBytes: options.clusterQueueBytes
    })
    const interest = new Interest({
      ...processTiming,
      links: this.#links,
      users: targets.registry.users,
      channels: targets.channels.members,
      metrics
    })
    if (claims !== undefined) claims.interestedIn = uid => interest.ofUser(uid).map(({ start }) => start)
    const moving = { links: this.#links, members, names: interest, stock, findLost: parking?.find }
    const { moves, cuts } = createMoves(parts, options, moving)
    this.#moves = moves
    this.#parking = parking
    this.#parks = options.park
    const routing = new Routing({
      targets,
      movedTo: moves.movedTo,
      movesOf: link => cuts.of(link),
      links: this.#links,
      interest,
      isUp: () => bus.isUp,
      timeout: options.clusterTimeout,
      bindTimeout: options.clusterTimeout + (claims === undefined ? 0 : options.claimTimeout),
      timing: { monotonic, after: processTiming.after }
    })
    targets.routing = routing
    stock.operations = routing
    const endsUsers = options.fence === 'end' && options.singleSession !== 'off'
    this.#condition = new Condition({ bus, members, endsUsers, servers: nats, log, metrics, monotonic })
    const console = createClusterConsole({
      ...options,
      name: cluster,
      version,
      bus,
      membership: members,
      links: this.#links,
      readState: () => this.state,
      readLoad: () => meter.latest,
      registry: targets.registry,
      limits: options
    })
    this.others = console.others
    if (endsUsers) this.#ending.push(new Fence({ ...options, members, registry: targets.registry }))
    this.#ending.push(this.#condition, meter, { close: () => console.end() }, ...(claims ? [claims] : []))
    members.watch({
      joined: member => this.#links.add(member, member.protocol),
      left: (start, _name, byItself) => this.#links.remove(start, byItself),
      restarted: start => this.#begin(start, targets)
    })
    this.#begin(members.start, targets)
  }

  get state(): ClusterState {
    if (this.#life !== 'member') return 'draining'
    return this.#members.isDegraded ? 'degraded' : 'up'
  }

  get start(): number {
    return this.#members.start
  }

  peers(): readonly ClusterPeer[] {
    return this.#members.others.map(({ frontendId, start, state, version, load, silentFor }) => {
      return { frontendId, start, state, version, load, silentFor }
    })
  }

  /** Why this gateway is cut off from the others, in words; undefined: it is not. */
  get trouble(): string | undefined {
    return this.#condition.trouble
  }

  /** Tells the others that this gateway takes no new clients. */
  drain(): void {
    if (this.#life !== 'member') return
    this.#life = 'draining'
    this.#members.drain()
  }

  /** Whether there is a gateway that takes over sessions from here. */
  get #hasHeirs(): boolean {
    return this.#members.others.some(({ state }) => state === 'up')
  }

  /**
   * Hands over the sessions of clients that come back elsewhere, until none waits, for up to `ms`; then parks
   * the others, if it is to. Without another gateway it waits for no client. Resolves to the number of parked
   * sessions, and to whether there was another gateway.
   */
  async handOver(ms: number): Promise<{ readonly parked: number; readonly hadHeirs: boolean }> {
    const hadHeirs = this.#hasHeirs
    if (hadHeirs) await this.#moves.serve(ms)
    const parked =
      this.#parks && this.#parking !== undefined ? await this.#parking.park(hadHeirs ? 0 : ms) : 0
    return { parked, hadHeirs }
  }

  /**
   * Leaves the cluster for good, when no session is left: what was sent is taken in by the others first. Then
   * the start is over for them at once.
   */
  async leave(): Promise<void> {
    if (this.#life === 'left') return
    this.#life = 'left'
    await this.#parking?.close(lastRemovals)
    this.#moves.handOverFarewells()
    await this.#links.close(lastWords)
    for (const each of this.#ending) each.close()
    await this.#members.leave()
    await this.#bus.close()
  }

  /** A start has begun, the first one or a later one. Sessions keep the numbers that they have. */
  #begin(start: number, { registry }: OperationTargets): void {
    registry.numberFrom(sidBefore(start))
    this.#links.begin(start)
    for (const member of this.#members.others) this.#links.add(member, member.protocol)
  }
}
