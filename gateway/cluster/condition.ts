/**
 * Whether this gateway is cut off from its cluster, and why: for the log, the diagnosis and the metrics.
 *
 *   well ⇄ cut off        told at once, and again each minute until it is well
 */
import type { Logger } from '../../shared/text/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Bus } from './bus/bus.js'
import type { Membership } from './members/membership.js'

/** Milliseconds between two lines of the log. */
const toldEvery = 60_000

export interface ConditionInit {
  readonly bus: Pick<Bus, 'isUp'>
  readonly members: Pick<Membership, 'isDegraded' | 'watch'>
  /** Whether the sessions of users end with the lease: the option `fence`. */
  readonly endsUsers: boolean
  /** The servers of NATS, as the option names them. */
  readonly servers: string
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'gauge'>
  readonly monotonic: () => number
}

export class Condition {
  readonly #init: ConditionInit
  /** When the gateway was cut off; undefined: it is not. */
  #since: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: ConditionInit) {
    this.#init = init
    init.members.watch({
      stateChanged: isDegraded => {
        if (isDegraded) this.#cutOff()
        else this.#wellAgain()
      }
    })
    init.metrics.gauge('clusterUp', () => (init.members.isDegraded ? 0 : 1))
    if (init.members.isDegraded) this.#cutOff()
  }

  /** Why the gateway is cut off, and what that means for its players, in words; undefined: it is not. */
  get trouble(): string | undefined {
    return this.#init.members.isDegraded ? `${this.#why}. ${this.#fate}` : undefined
  }

  get #why(): string {
    const { bus, servers } = this.#init
    return bus.isUp
      ? `NATS at ${servers} is connected, but keeps no lease: JetStream does not answer, or another gateway has this name (the log warns of it)`
      : `there is no connection to NATS at ${servers}`
  }

  get #fate(): string {
    return this.#init.endsUsers
      ? 'The sessions of users end when its lease is over (`fence`); its other players play on'
      : 'Its own players play on'
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #cutOff(): void {
    if (this.#since !== undefined) return
    this.#since = this.#init.monotonic()
    this.#tell()
    this.#timer = setInterval(() => this.#tell(), toldEvery)
  }

  #wellAgain(): void {
    if (this.#since === undefined) return
    clearInterval(this.#timer)
    const { log, monotonic } = this.#init
    log.info('The gateway is back in its cluster', { ms: Math.round(monotonic() - this.#since) })
    this.#since = undefined
  }

  #tell(): void {
    const { log, monotonic } = this.#init
    const ms = Math.round(monotonic() - this.#since!)
    const since = ms === 0 ? {} : { ms }
    log.error('The gateway is cut off from its cluster', { why: this.trouble, ...since })
  }
}
