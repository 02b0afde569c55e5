/**
 * The relays to all other gateways, by name: follows the links, and fails in time what is not answered. Its
 * timer runs while something waits.
 */
import { errors, type GatewayError } from '../../../shared/errors.js'
import type { Logger } from '../../../shared/text/log.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { SeldomLine } from '../../telemetry/seldom-line.js'
import type { Timing } from '../link/link-host.js'
import type { Item, Link, Links } from '../link/links.js'
import { cutOff, linkLost, PeerRelay, type SinceVersions } from './peer-relay.js'

export interface PeerRelaysInit {
  readonly links: Links
  readonly metrics: Metrics
  readonly log: Logger
  readonly timing: Pick<Timing, 'monotonic' | 'after'>
  /** Milliseconds that an operation may take (`clusterTimeout`). */
  readonly timeout: number
  /** Milliseconds that a bind may take, or what waits behind one. */
  readonly bindTimeout: number
  /** Whether the bus is connected. */
  readonly isUp: () => boolean
  /** Default: those of this release. */
  readonly sinceVersions?: SinceVersions
}

/** Milliseconds between two looks at what waits. */
const sweepEvery = 50

export class PeerRelays {
  readonly #init: PeerRelaysInit
  readonly #byLink = new Map<Link, PeerRelay>()
  /** The relay to the newest start of each gateway. */
  readonly #byName = new Map<string, PeerRelay>()
  #all: readonly PeerRelay[] = []
  #isSweeping = false
  readonly #lost: SeldomLine

  constructor(init: PeerRelaysInit) {
    this.#init = init
    const { log, timing } = init
    this.#lost = new SeldomLine('Events for another gateway are lost', { log, monotonic: timing.monotonic })
    for (const link of init.links.all) this.#add(link)
    init.links.watch({ linkUp: link => void this.#add(link), linkDown: link => this.#remove(link) })
    init.links.read('inbox', (from, items) => this.#read(from, items))
    init.metrics.gauge('clusterWaiting', () => this.waiting)
  }

  /** Number of operations that wait for the answer of another gateway. */
  get waiting(): number {
    let waiting = 0
    for (const relay of this.#byLink.values()) waiting += relay.waiting
    return waiting
  }

  /** Whether the bus is connected. */
  get isUp(): boolean {
    return this.#init.isUp()
  }

  /** Whether a gateway that is there can't be asked, since its link has just ended. */
  get isBroken(): boolean {
    return this.#init.links.broken.length > 0
  }

  /** Counts an event that gateways which can't be asked may have had somebody for. */
  countLost(): void {
    this.#init.metrics.count('clusterEventsLost', this.#init.links.broken.length)
  }

  get all(): readonly PeerRelay[] {
    return this.#all
  }

  find(frontendId: string): PeerRelay | undefined {
    return this.#byName.get(frontendId)
  }

  /** Returns why there is no relay to a gateway. */
  whyNone(operation: string, frontendId: string): GatewayError {
    const isKnown = this.#init.links.broken.includes(frontendId)
    return isKnown ? linkLost(operation) : errors.frontendUnknown(frontendId)
  }

  /** Returns why not all gateways can be asked. */
  whyNotAll(operation: string): GatewayError {
    return this.isUp ? linkLost(operation) : cutOff(operation)
  }

  of(link: Link): PeerRelay | undefined {
    return this.#byLink.get(link)
  }

  #add(link: Link): void {
    const { metrics, timing, timeout, bindTimeout, isUp, sinceVersions } = this.#init
    const { monotonic } = timing
    const onWaiting = () => {
      if (!this.#isSweeping) this.#sweepLater()
    }
    const onLost = (why: string) => this.#lost.tell({ peer: link.frontendId, why })
    const limits = { timeout, bindTimeout, sinceVersions }
    const relay = new PeerRelay({ link, metrics, monotonic, isUp, onWaiting, onLost, ...limits })
    this.#byLink.set(link, relay)
    this.#byName.set(link.frontendId, relay)
    this.#all = [...this.#byLink.values()]
  }

  #remove(link: Link): void {
    const relay = this.#byLink.get(link)
    this.#byLink.delete(link)
    this.#all = [...this.#byLink.values()]
    if (this.#byName.get(link.frontendId) === relay) this.#byName.delete(link.frontendId)
    relay?.end()
  }

  #read(from: Link, items: readonly Item[]): void {
    this.#byLink.get(from)?.read(items)
  }

  #sweepLater(): void {
    this.#isSweeping = true
    this.#init.timing.after(sweepEvery, () => this.#sweep())
  }

  #sweep(): void {
    const now = this.#init.timing.monotonic()
    let isWaiting = false
    for (const relay of this.#byLink.values()) if (relay.sweep(now)) isWaiting = true
    this.#isSweeping = false
    if (isWaiting) this.#sweepLater()
  }
}
