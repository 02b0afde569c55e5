/**
 * The other gateways, as their hellos describe them: those that join, and those whose start is over.
 */
import type { Logger } from '../../../shared/text/log.js'
import { SeldomLine } from '../../telemetry/seldom-line.js'
import type { Deaths } from '../leases/deaths.js'
import { type AlikeOptions, findUnlike } from './alike-options.js'
import type { Hello, ProtocolRange } from './hello.js'
import type { Member } from './membership.js'

export interface PeersInit {
  readonly frontendId: string
  readonly protocol: ProtocolRange
  readonly alike: AlikeOptions
  readonly deaths: Deaths
  /** Milliseconds of a lease. */
  readonly ttl: number
  readonly log: Logger
  readonly monotonic: () => number
  readonly joined: (member: Member) => void
  readonly left: (start: number, frontendId: string, byItself: boolean) => void
}

/** A gateway that was heard. */
interface Peer {
  hello: Hello
  heardAt: number
}

/** Gateways that are known at once: far more than a cluster can have. */
const mostPeers = 1_000

export class Peers {
  readonly #init: PeersInit
  readonly #byStart = new Map<number, Peer>()
  readonly #strange: SeldomLine
  readonly #sameName: SeldomLine
  /** From when on silence counts: nobody is heard while the bus is away. */
  #listensSince: number
  /** Those that were heard and can't be in one cluster with this gateway, by their starts. */
  readonly #strangers = new Map<number, Hello>()

  constructor(init: PeersInit) {
    this.#init = init
    const { log, monotonic } = init
    this.#strange = new SeldomLine('Gateway ignored: it speaks no version of the protocol of this one', init)
    this.#sameName = new SeldomLine('Another gateway has the same frontendId', { log, monotonic })
    this.#listensSince = monotonic()
  }

  get all(): readonly Member[] {
    return [...this.#byStart.values()].map(peer => this.#describe(peer))
  }

  /** A gateway that was heard and speaks no version of the protocol that this one speaks. */
  get incompatible(): Hello | undefined {
    return this.#findStranger(({ frontendId }) => frontendId !== this.#init.frontendId)
  }

  /** Another gateway that says hello by the same name. */
  get namesake(): Hello | undefined {
    return this.#findStranger(({ frontendId }) => frontendId === this.#init.frontendId)
  }

  /** Begins to count silence anew: the bus is back. */
  listenAnew(): void {
    this.#listensSince = this.#init.monotonic()
  }

  take(hello: Hello): void {
    const { frontendId, deaths, monotonic } = this.#init
    if (deaths.isKnown(hello.start)) return
    if (hello.state === 'left') {
      deaths.noteEnd(hello.start)
      this.#strangers.delete(hello.start)
      this.#end(hello.start)
      return
    }
    if (hello.frontendId === frontendId) {
      this.#noteStranger(hello)
      this.#sameName.tell({ frontendId, start: hello.start })
      return
    }
    if (versionOf(this.#init.protocol, hello.protocol) === undefined) {
      this.#noteStranger(hello)
      const { frontendId: peer, version, protocol } = hello
      this.#strange.tell({ peer, version, protocol, own: this.#init.protocol })
      return
    }
    if (hello.renewal > 0) deaths.noteRenewal(hello.start, hello.renewal)
    const known = this.#byStart.get(hello.start)
    if (known !== undefined) {
      known.hello = hello
      known.heardAt = monotonic()
      return
    }
    this.#add(hello)
  }

  #noteStranger(hello: Hello): void {
    if (this.#strangers.size < mostPeers) this.#strangers.set(hello.start, hello)
  }

  /** Finds one whose start is not known to be over: a newcomer waits for the end of the one before it. */
  #findStranger(isMeant: (hello: Hello) => boolean): Hello | undefined {
    return [...this.#strangers.values()].find(each => isMeant(each) && !this.#init.deaths.isKnown(each.start))
  }

  /** Ends the start of a gateway, if it is known. `why`: it did not leave by itself, and may have crashed. */
  #end(start: number, why?: string): void {
    const peer = this.#byStart.get(start)
    if (peer === undefined) return
    this.#byStart.delete(start)
    const { log, left } = this.#init
    const { frontendId } = peer.hello
    if (why === undefined) log.info('Gateway left the cluster', { peer: frontendId, start })
    else log.warn('Gateway was lost', { peer: frontendId, start, why })
    left(start, frontendId, why === undefined)
  }

  /** Looks whether those that have been silent for long are dead. */
  judgeSilent(): void {
    const { ttl, deaths } = this.#init
    for (const [start, peer] of this.#byStart) {
      if (this.#silence(peer) <= ttl) continue
      void deaths.isDead(start).then(isDead => {
        if (isDead === true) this.#end(start, 'its lease ran out')
      })
    }
  }

  #add(hello: Hello): void {
    for (const [start, { hello: other }] of this.#byStart) {
      if (other.frontendId !== hello.frontendId) continue
      // An outdated start that does not know yet that it is dead.
      if (start > hello.start) return
      this.#end(start, 'another start of its name has begun')
    }
    if (this.#byStart.size >= mostPeers) return
    const peer: Peer = { hello, heardAt: this.#init.monotonic() }
    this.#byStart.set(hello.start, peer)
    const { frontendId, start, version } = hello
    this.#init.log.info('Gateway joined the cluster', { peer: frontendId, start, version })
    this.#compare(hello)
    this.#init.joined(this.#describe(peer))
  }

  /** Warns of a gateway whose options don't go with those of this one. */
  #compare({ frontendId, alike }: Hello): void {
    const { alike: own, log } = this.#init
    for (const { name, effect } of findUnlike(own, alike))
      log.warn(`Gateway has another ${name}: until all have the same, ${effect}`, {
        peer: frontendId,
        [name]: alike[name],
        own: own[name]
      })
  }

  #silence({ heardAt }: Peer): number {
    return this.#init.monotonic() - Math.max(heardAt, this.#listensSince)
  }

  #describe({ hello, heardAt }: Peer): Member {
    const { frontendId, start, state, version, claimsVersion, load } = hello
    return {
      frontendId,
      start,
      state: state === 'left' ? 'draining' : state,
      version,
      protocol: versionOf(this.#init.protocol, hello.protocol) ?? this.#init.protocol.least,
      claimsVersion,
      load,
      silentFor: Math.round(this.#init.monotonic() - heardAt)
    }
  }
}

/** Returns the greatest version that both speak. undefined: there is none. */
function versionOf(own: ProtocolRange, other: ProtocolRange): number | undefined {
  const most = Math.min(own.most, other.most)
  return most >= Math.max(own.least, other.least) ? most : undefined
}
