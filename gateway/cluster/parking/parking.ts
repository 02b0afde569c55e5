/**
 * The sessions that the cluster keeps: records for after a crash, and whole ones that were parked.
 * Made with the cluster, if `replicate` or `park` is on.
 */
import type { ResolvedOptions } from '../../options/options.js'
import type { Resumption } from '../../resume/resumption.js'
import { windowOf } from '../../resume/resumption-init.js'
import type { Registry } from '../../sessions/registry.js'
import type { Session } from '../../sessions/session.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { Bus } from '../bus/bus.js'
import type { Timing } from '../link/link-host.js'
import type { Membership } from '../members/membership.js'
import type { GatewayStock } from '../moves/gateway-stock.js'
import type { MovableSession } from '../moves/movable.js'
import type { Wanted } from '../moves/stock.js'
import { formatState, type StateEntry } from './parked-entry.js'
import { longestKept, ParkedLog } from './parked-log.js'
import { Replicas } from './replicas.js'
import { type Found, Restorer } from './restorer.js'

export interface ParkingInit {
  readonly options: Pick<
    ResolvedOptions,
    | 'cluster'
    | 'replicate'
    | 'replicateEvery'
    | 'resumeWindow'
    | 'unboundResumeWindow'
    | 'clusterTimeout'
    | 'frontendId'
    | 'log'
    | 'now'
  >
  readonly bus: Bus
  readonly members: Membership
  readonly registry: Registry
  readonly resumption: Resumption
  readonly stock: GatewayStock
  readonly metrics: Metrics
  readonly timing: Timing
}

/** Sessions that are parked at the same time, and attempts for one for which something comes meanwhile. */
const mostParked = 64
const mostAttempts = 3

export class Parking {
  readonly #init: ParkingInit
  readonly #log: ParkedLog
  readonly #replicas: Replicas
  readonly #restorer: Restorer

  constructor(init: ParkingInit) {
    const { options, bus, members, registry, resumption, stock, timing } = init
    this.#init = init
    this.#log = new ParkedLog(bus, options.cluster)
    this.#replicas = new Replicas({
      ...{ log: this.#log, registry, timing, logger: options.log, every: options.replicateEvery },
      start: () => members.start,
      isOn: options.replicate !== 'none',
      describe: (session, receiver) => stock.describe(session, receiver),
      hashesOf: receiver => resumption.hashesOf(receiver),
      lost: session => void stock.letGo(session),
      isDead: start => members.isDead(start)
    })
    this.#restorer = new Restorer({
      ...{ log: this.#log, members, claimed: registry.claimed, now: options.now },
      isOver: sid => this.#replicas.isOver(sid),
      setBusy: (sid, isBusy) => (isBusy ? stock.busy.add(sid) : stock.busy.delete(sid)),
      revive: (entry, claim) => this.#revive(entry, claim)
    })
    members.watch({ restarted: start => void this.#replicas.restart(start) })
  }

  /** Makes the log. Rejects if the bus can't keep it. */
  async open(): Promise<void> {
    await this.#log.open()
    await this.#replicas.open()
  }

  /** Looks for a session whose gateway is over, and restores it here. */
  readonly find = (wanted: Wanted): Promise<Found> => this.#restorer.find(wanted)

  /** Writes a session as it is now. Resolves to why that has failed; undefined: it has not. */
  readonly write = (session: Session): Promise<string | undefined> => this.#replicas.write(session)

  /** Parks all sessions that wait for their client. Resolves when each is parked, or can't be. */
  async park(): Promise<void> {
    const waiting = this.#init.registry.all().filter(({ receiver }) => receiver?.isConnected === false)
    const parkNext = async (): Promise<void> => {
      for (let session = waiting.pop(); session !== undefined; session = waiting.pop())
        for (let n = 0; n < mostAttempts && session.isOpen; n++) if (await this.#park(session)) break
    }
    await Promise.all(Array.from({ length: mostParked }, parkNext))
  }

  /** Ends with the gateway, once no session is left. */
  close(ms: number): Promise<void> {
    return this.#replicas.close(ms)
  }

  async #park(session: Session): Promise<boolean> {
    const { stock, options, members, metrics } = this.#init
    const generation = this.#replicas.generationOf(session)
    const endsAt = options.now() + Math.min(windowOf(session, options).ms, longestKept)
    let number: number | undefined
    const keep = async (state: MovableSession): Promise<boolean> => {
      const bytes = formatState({ kind: 'whole', start: members.start, generation, endsAt, state })
      if (bytes.length > this.#log.maxBytes) return false
      number = await this.#log.append(session.sid, bytes)
      return number !== undefined
    }
    const isParked = await stock.park(session, keep)
    if (isParked) metrics.count('sessionsParked')
    else if (number !== undefined) await this.#log.remove(number)
    return isParked
  }

  #revive({ kind, state }: StateEntry, claim: number): boolean {
    const revive = () => this.#init.stock.revive(state, kind === 'whole')
    if (this.#replicas.restore(claim, revive) === undefined) return false
    this.#init.metrics.count('sessionsRestored')
    return true
  }
}
