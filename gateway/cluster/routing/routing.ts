/**
 * Connects the workers of this gateway with the sessions of the others, and the others with those of it.
 * Made with the cluster, before the first worker.
 */
import { Inbox } from '../../../shared/link/inbox.js'
import type { EventReader, OperationReader } from '../../../shared/link/outbox.js'
import type { MovesOfSource } from '../../operations/event-operations.js'
import { type AnswerReader, OperationAcks, type OperationSource } from '../../operations/operation-acks.js'
import {
  createLocalOperations,
  type OperationRouting,
  type OperationTargets,
  type WorkerOperations
} from '../../operations/worker-operations.js'
import type { Interest } from '../interest/interest.js'
import type { Timing } from '../link/link-host.js'
import type { Link, Links } from '../link/links.js'
import type { SinceVersions } from '../relays/peer-relay.js'
import { PeerRelays } from '../relays/peer-relays.js'
import { FanOut } from './fan-out.js'
import { nowhere } from './nowhere.js'
import { Relaying } from './relaying.js'
import { RoutedEvents } from './routed-events.js'
import { RoutedOperations } from './routed-operations.js'
import { ServedLink, type ServedLinkInit } from './served-link.js'
import { Undecided } from './undecided.js'
import { createForwarding, createWhereabouts, type MovedTo, type Whereabouts } from './whereabouts.js'

export interface RoutingInit {
  readonly targets: OperationTargets
  readonly links: Links
  readonly interest: Interest
  /** Whether the bus is connected. */
  readonly isUp: () => boolean
  /** Milliseconds that an operation may take (`clusterTimeout`). */
  readonly timeout: number
  /** Milliseconds that a bind may take, or what waits behind one: its user may have to be claimed first. */
  readonly bindTimeout: number
  readonly timing: Pick<Timing, 'monotonic' | 'after'>
  /** The versions that have brought operations. Default: those of this release. */
  readonly sinceVersions?: SinceVersions
  readonly movedTo?: MovedTo
  /** Returns the sessions that move, as the operations of another gateway meet them. */
  readonly movesOf?: (link: Link) => MovesOfSource & NonNullable<ServedLinkInit['source']>
}

export class Routing implements OperationRouting {
  readonly #init: RoutingInit
  readonly #relays: PeerRelays
  readonly #whereabouts: Whereabouts
  readonly #forwarding: Whereabouts
  readonly #undecided: Undecided
  readonly #served = new Map<Link, ServedLink>()

  constructor(init: RoutingInit) {
    const { targets, links, movedTo = () => undefined } = init
    const { frontendId, registry, metrics, log } = targets
    this.#init = init
    this.#relays = new PeerRelays({ ...init, metrics, log })
    this.#undecided = new Undecided({ ...init, monotonic: init.timing.monotonic, frontendId })
    const known = { frontendId, registry, relays: this.#relays, movedTo }
    this.#whereabouts = createWhereabouts(known)
    this.#forwarding = createForwarding(known)
    links.read('outbox', (from, items, age) => this.#serverOf(from).read(items, age))
    links.watch({ linkDown: link => this.#served.delete(link) })
  }

  /** It is decided where a session is that was on its way from here. */
  decided(sid: number): void {
    this.#undecided.decided(sid)
  }

  /** Whether operations wait for a session that is on its way from here. */
  awaits(sid: number): boolean {
    return this.#undecided.has(sid)
  }

  /** Number of operations that wait for the answer of another gateway. */
  get waiting(): number {
    return this.#relays.waiting
  }

  create(source: OperationSource, inbox: AnswerReader, sendSoon: () => void): WorkerOperations {
    const { targets, interest } = this.#init
    const { metrics, log, store } = targets
    const createAcks = (inbox: AnswerReader) =>
      new OperationAcks({
        frontendId: undefined,
        source,
        inbox,
        sendSoon,
        names: interest,
        store,
        metrics,
        log
      })
    return this.#createReaders(createAcks(inbox), inbox, this.#whereabouts, createAcks)
  }

  createForOthers(source: OperationSource): EventReader {
    const { targets, interest, timeout } = this.#init
    const { frontendId, metrics, log } = targets
    const inbox = new Inbox()
    const acks = new OperationAcks({ frontendId: undefined, source, inbox, sendSoon() {}, metrics, log })
    const relaying = this.#createRelaying(acks, inbox)
    const fanOut = new FanOut<EventReader>({
      frontendId,
      acks,
      inbox,
      relays: this.#relays,
      relaying,
      interest,
      timeout,
      createLocal: () => nowhere,
      asReader: outbox => outbox
    })
    return new RoutedEvents({ local: nowhere, whereabouts: this.#whereabouts, relaying, fanOut })
  }

  /**
   * Creates the readers of one source. `createPartAcks`: for the part of this gateway in what all gateways
   * do; undefined for another gateway, which asks each by itself.
   */
  #createReaders(
    acks: OperationAcks,
    inbox: AnswerReader,
    whereabouts: Whereabouts,
    createPartAcks: ((inbox: AnswerReader) => OperationAcks) | undefined,
    moves?: MovesOfSource
  ): WorkerOperations {
    const { targets, interest, timeout } = this.#init
    const { frontendId } = targets
    const local = createLocalOperations(acks, targets, moves)
    const relaying = this.#createRelaying(acks, inbox)
    const relays = createPartAcks === undefined ? undefined : this.#relays
    const fan = { frontendId, acks, inbox, relays, relaying, interest, timeout }
    const createPart = (parts: AnswerReader) =>
      createPartAcks === undefined ? local : createLocalOperations(createPartAcks(parts), targets)
    const sessions = new FanOut<OperationReader>({
      ...fan,
      createLocal: parts => createPart(parts).sessions,
      asReader: outbox => outbox
    })
    const events = new FanOut<EventReader>({
      ...fan,
      createLocal: parts => createPart(parts).events,
      asReader: outbox => outbox
    })
    return {
      acks,
      sessions: new RoutedOperations({ local: local.sessions, whereabouts, relaying, fanOut: sessions }),
      events: new RoutedEvents({
        local: local.events,
        whereabouts,
        relaying,
        fanOut: events,
        moves
      })
    }
  }

  #createRelaying(acks: OperationAcks, inbox: AnswerReader): Relaying {
    const { targets, timeout } = this.#init
    const { metrics } = targets
    return new Relaying({ acks, inbox, metrics, timeout, relays: this.#relays, undecided: this.#undecided })
  }

  #serverOf(link: Link): ServedLink {
    const { targets, interest, timeout, movesOf } = this.#init
    const known = this.#served.get(link)
    if (known !== undefined) return known
    const moves = movesOf?.(link)
    const served = new ServedLink({
      link,
      targets,
      interest,
      timeout,
      createReaders: (acks, inbox) => this.#createReaders(acks, inbox, this.#forwarding, undefined, moves),
      source: moves
    })
    this.#served.set(link, served)
    return served
  }
}
