/**
 * The sessions that the cluster keeps: records for after a crash, and whole ones that were parked.
 * Made with the cluster, if `replicate` or `park` is on.
 */

import type { KickStore } from '../../operations/operation-acks.js'
import type { ResolvedOptions } from '../../options/options.js'
import { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Registry } from '../../sessions/registry.js'
import { inStore } from '../../sessions/registry-events.js'
import type { Session } from '../../sessions/session.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { Bus } from '../bus/bus.js'
import type { MovableSession } from '../items/movable.js'
import type { Timing } from '../link/link-host.js'
import type { Membership } from '../members/membership.js'
import type { GatewayStock } from '../moves/gateway-stock.js'
import type { Wanted } from '../moves/stock.js'
import { formatState, type StateEntry } from './entries/parked-entry.js'
import { longestKept, ParkedLog } from './entries/parked-log.js'
import { GivenAway } from './given-away.js'
import { Kicks } from './kicks.js'
import { Replicas } from './replicas.js'
import type { Restarts } from './restarts.js'
import { type Found, Restorer } from './restorer.js'
import { TooLarge } from './too-large.js'

export interface ParkingInit {
  readonly options: Pick<
    ResolvedOptions,
    'cluster' | 'replicate' | 'replicateEvery' | 'clusterTimeout' | 'frontendId' | 'leaseTtl' | 'log' | 'now'
  >
  readonly bus: Bus
  readonly members: Membership
  readonly registry: Registry
  readonly resumption: Resumption
  readonly stock: GatewayStock
  readonly metrics: Metrics
  readonly timing: Timing
}

/** Milliseconds in which a gateway writes a session that has come to it, if the store answers at all. */
const writeTime = 60_000

/** Sessions that are parked at the same time, and attempts for one for which something comes meanwhile. */
const mostParked = 64
const mostAttempts = 3

export class Parking {
  readonly #init: ParkingInit
  readonly #log: ParkedLog
  readonly #tooLarge: TooLarge
  readonly #replicas: Replicas
  readonly #restorer: Restorer
  readonly #kicks: Kicks
  readonly #given: GivenAway
  /** Ends the looks for sessions that others have written by now. */
  #stopForgetting: () => void = () => {}

  constructor(init: ParkingInit) {
    const { options, bus, members, registry, resumption, stock, metrics, timing } = init
    this.#init = init
    this.#log = new ParkedLog(bus, options.cluster)
    const { monotonic } = timing
    this.#tooLarge = new TooLarge({ log: this.#log, metrics, logger: options.log, monotonic })
    this.#replicas = new Replicas({
      log: this.#log,
      tooLarge: this.#tooLarge,
      registry,
      timing,
      every: options.replicateEvery,
      start: () => members.start,
      hasLease: () => members.hasLease,
      isOn: options.replicate !== 'none',
      describe: (session, receiver) => stock.describe(session, receiver),
      hashesOf: receiver => resumption.hashesOf(receiver),
      lost: session => void stock.letGo(session),
      isDead: start => members.isDead(start)
    })
    const setIn = (sids: Set<number>, sid: number, isIn: boolean) => {
      if (isIn) sids.add(sid)
      else sids.delete(sid)
    }
    const restoring = new Set<number>()
    this.#given = new GivenAway({
      log: this.#log,
      start: () => members.start,
      isHere: sid => registry.find(sid) !== undefined || restoring.has(sid),
      setBusy: (sid, isBusy) => setIn(stock.busy, sid, isBusy),
      timing,
      writtenWithin: options.leaseTtl + writeTime
    })
    if (options.replicate !== 'none') this.#followGiven(init)
    this.#kicks = new Kicks({ log: this.#log, registry, after: timing.after })
    this.#restorer = new Restorer({
      log: this.#log,
      members,
      claimed: registry.claimed,
      now: options.now,
      after: timing.after,
      isOver: sid => this.#replicas.isOver(sid),
      setBusy: (sid, isBusy) => {
        setIn(restoring, sid, isBusy)
        setIn(stock.busy, sid, isBusy)
      },
      revive: (entry, claim) => this.#revive(entry, claim),
      restored: (sid, uid, number) => uid !== null && this.#kicks.restored(sid, uid, number)
    })
    members.watch({ restarted: start => void this.#replicas.restarts.begin(start) })
    bus.onState(isUp => isUp && void this.#replicas.followLog())
  }

  /** Makes the log. Rejects if the bus can't keep it. */
  async open(): Promise<void> {
    await this.#log.open()
    await this.#replicas.open()
  }

  /** Which sessions are still here after a new start. */
  get restarts(): Restarts {
    return this.#replicas.restarts
  }

  /** Where kicks of users are noted for sessions that are kept here. */
  get kicks(): KickStore {
    return this.#kicks
  }

  /** Looks for a session whose gateway is over, and restores it here. */
  readonly find = async (wanted: Wanted): Promise<Found> => {
    await this.#given.whenReleased(wanted.sid)
    return this.#restorer.find(wanted)
  }

  /** Writes a session as it is now. Resolves to why that has failed; undefined: it has not. */
  readonly write = (session: Session): Promise<string | undefined> => this.#replicas.write(session)

  /**
   * Parks all sessions that wait for their client, until the end of that wait. Resolves when each is parked,
   * or can't be, to the number of those that are. `ms`: milliseconds to wait for NATS, if it is away.
   */
  async park(ms: number): Promise<number> {
    const { registry, resumption, options } = this.#init
    await this.#whenUp(ms)
    const waiting: { session: Session; endsAt: number }[] = []
    for (const session of registry.all()) {
      const { receiver } = session
      if (!(receiver instanceof ResumableReceiver) || receiver.isConnected) continue
      const left = Math.min(resumption.leftOf(receiver), longestKept)
      if (left > 0) waiting.push({ session, endsAt: Math.ceil(options.now() + left) })
    }
    let parked = 0
    const parkNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        for (let n = 0; n < mostAttempts && next.session.isOpen; n++)
          if (await this.#park(next.session, next.endsAt)) {
            parked++
            break
          }
    }
    await Promise.all(Array.from({ length: mostParked }, parkNext))
    return parked
  }

  /** Ends with the gateway, once no session is left. */
  close(ms: number): Promise<void> {
    this.#stopForgetting()
    this.#given.close()
    return this.#replicas.close(ms)
  }

  /** Follows where the sessions go from here, as long as this gateway's records of them may be the newest. */
  #followGiven({ registry, members, stock, timing }: ParkingInit): void {
    stock.isSurelyHere = session => this.#replicas.isSurelyHere(session)
    stock.isKept = session => {
      const isKept = this.#replicas.isWritten(session)
      if (isKept) void this.#given.release(session.sid)
      return isKept
    }
    registry.on('moved', ({ sid }, to) => {
      if (to === inStore) return
      const start = members.others.find(({ frontendId }) => frontendId === to)?.start
      if (start === undefined) void this.#given.release(sid)
      else this.#given.add(sid, start)
    })
    registry.on('movedIn', ({ sid }) => this.#given.back(sid))
    members.watch({
      left: (start, _name, byItself) => (byItself ? this.#given.forget(start) : void this.#given.over(start))
    })
    const forgetLater = () => {
      this.#given.forgetWritten()
      this.#stopForgetting = timing.after(writeTime, forgetLater)
    }
    forgetLater()
  }

  /** Resolves when the bus is up, or after `ms` milliseconds. */
  #whenUp(ms: number): Promise<void> {
    const { bus, timing } = this.#init
    if (bus.isUp || ms === 0) return Promise.resolve()
    return new Promise(resolve => {
      const stop = timing.after(ms, resolve)
      bus.onState(isUp => {
        if (!isUp) return
        stop()
        resolve()
      })
    })
  }

  async #park(session: Session, endsAt: number): Promise<boolean> {
    const { stock, members, metrics } = this.#init
    const generation = this.#replicas.generationOf(session)
    const { uid } = session
    let number: number | undefined
    const keep = async (state: MovableSession): Promise<boolean> => {
      const bytes = formatState({ kind: 'whole', start: members.start, generation, endsAt, state })
      if (this.#tooLarge.isSo(session, bytes.length)) return false
      number = await this.#log.append(session.sid, bytes)
      return number !== undefined
    }
    const isParked = await stock.park(session, keep)
    if (isParked) {
      metrics.count('sessionsParked')
      this.#kicks.parked(uid)
    } else if (number !== undefined) await this.#log.remove(number)
    return isParked
  }

  #revive({ kind, state }: StateEntry, claim: number): boolean {
    const { stock, metrics } = this.#init
    const revive = () => stock.revive(state, kind === 'whole')
    if (this.#replicas.restore(claim, revive) === undefined) return false
    metrics.count('sessionsRestored')
    return true
  }
}
