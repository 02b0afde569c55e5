/**
 * Has an operation on a user, a channel or all sessions applied in all gateways that have some: here at once,
 * and in the others over their links. If an answer is wanted, it is gathered from all.
 */
import { allGateways } from '../../../shared/address.js'
import type { ErrorData, GatewayError } from '../../../shared/errors.js'
import { type Delivery, deliveries } from '../../../shared/events/event.js'
import type { UserOperationHead } from '../../../shared/link/outbox.js'
import type { Outbox } from '../../../shared/link/outbox-writer.js'
import type { AnswerReader, OperationAcks } from '../../operations/operation-acks.js'
import type { Interest } from '../interest/interest.js'
import type { NameKind } from '../interest/name-hash.js'
import type { PeerRelay } from '../relays/peer-relay.js'
import type { PeerRelays } from '../relays/peer-relays.js'
import { type Gather, Gathering } from './gathering.js'
import { isEvent, type RelayDetails, type Relaying } from './relaying.js'

export interface FanOutInit<Reader> {
  readonly frontendId: string
  readonly acks: OperationAcks
  readonly inbox: AnswerReader
  /** The relays to all other gateways; undefined if the source is one of them, which asks each by itself. */
  readonly relays: PeerRelays | undefined
  readonly relaying: Relaying
  readonly interest: Interest
  readonly timeout: number
  /** Creates the reader of this gateway's part, which is answered into `parts`. */
  readonly createLocal: (parts: AnswerReader) => Reader
  /** Returns an outbox as such a reader. */
  readonly asReader: (outbox: Outbox) => Reader
}

export interface OperationDetails extends RelayDetails {
  /** The number of items that are asked for at most. */
  readonly limit?: number
}

/** The gateways to ask, none of which can be reached or is even known. */
const unreachable: readonly PeerRelay[] = []

/** `Reader`: the kind of operations. Both the outbox of a link and the reader of this gateway are one. */
export class FanOut<Reader> {
  readonly #init: FanOutInit<Reader>
  readonly #local: Reader
  /** What waits for the part of this gateway, by the number of its ack. */
  readonly #gatherings = new Map<number, Gathering>()
  #lastAck = 0

  constructor(init: FanOutInit<Reader>) {
    this.#init = init
    this.#local = init.createLocal({
      acked: (ack, value) => this.#takeGathering(ack)?.answered(ack, value),
      refused: (ack, error) => this.#takeGathering(ack)?.failed(ack, error, '')
    })
  }

  /**
   * Returns the relays to the gateways that an operation is for beside this one; undefined if it is for this
   * one only.
   */
  peersFor(
    head: UserOperationHead,
    kind: NameKind | 'all',
    name: string
  ): readonly (PeerRelay | undefined)[] | undefined {
    const { frontendId, relays, interest } = this.#init
    if (relays === undefined || head.frontendId === frontendId) return undefined
    if (head.frontendId !== allGateways) return [relays.find(head.frontendId)]
    // What the gateway behind the link has is not known before its next link has begun.
    if (relays.isBroken) {
      if (head.ack !== 0) return unreachable
      relays.countLost()
    }
    if (kind === 'all') return relays.all.length === 0 ? undefined : relays.all
    const links = kind === 'user' ? interest.ofUser(name) : interest.ofChannel(name)
    if (links.length === 0) return undefined
    return links.map(link => relays.of(link))
  }

  /**
   * Returns the same for an operation that only asks, and so needs all that may have an answer. A gateway
   * that is cut off can't say that no other has one.
   */
  peersToAsk(
    head: UserOperationHead,
    kind: NameKind,
    name: string
  ): readonly (PeerRelay | undefined)[] | undefined {
    const peers = this.peersFor(head, kind, name)
    const { relays } = this.#init
    if (peers !== undefined || relays === undefined || head.frontendId !== allGateways) return peers
    return relays.isUp ? undefined : unreachable
  }

  /** Notes that an operation brings a session of that gateway under a name. */
  expect(to: PeerRelay | 'unknown' | 'lost', kind: NameKind, name: string): void {
    if (to !== 'unknown' && to !== 'lost') this.#init.interest.expect(to.link, kind, name)
  }

  /** Runs an operation in the gateways of `peers`, and in this one if it is for all. */
  run(
    name: string,
    head: UserOperationHead,
    peers: readonly (PeerRelay | undefined)[],
    gather: Gather<unknown>,
    write: (reader: Reader, head: UserOperationHead) => void,
    { about = '', characters = 0, limit = 0, delivery = deliveries.reliable }: OperationDetails = {}
  ): void {
    const { relaying, acks, asReader, relays } = this.#init
    const writeTo = (to: PeerRelay, own: UserOperationHead) => {
      write(asReader(to.outbox), own)
      to.written(characters)
    }
    if (head.frontendId !== allGateways) {
      const [to] = peers
      const own = relaying.headForOne(name, head, to, about, delivery)
      if (own !== undefined) writeTo(to!, own)
      return
    }
    if (acks.refuseEnded(name, head)) return
    const found = peers.filter(to => to !== undefined)
    if (head.ack === 0) {
      for (const to of found)
        if (this.#mayTell(name, head, to, about, delivery))
          writeTo(to, relaying.headFor(name, head, to, relaying, 0))
      return write(this.#local, head)
    }
    // All or none: an operation that can't reach all is done nowhere.
    const error = peers === unreachable ? relays!.whyNotAll(name) : firstError(name, found)
    if (error !== undefined) return relaying.refuse(name, head, error, about)
    const gathering = this.#createGathering(name, head.ack, gather, found.length + 1, limit)
    for (const to of found) writeTo(to, relaying.headFor(name, head, to, gathering, head.ack))
    this.#gatherings.set(++this.#lastAck, gathering)
    write(this.#local, { rid: head.rid, ack: this.#lastAck, frontendId: head.frontendId })
  }

  /** Whether an operation that wants no answer can be sent. If not, it is counted, or logged. */
  #mayTell(name: string, head: UserOperationHead, to: PeerRelay, about: string, delivery: Delivery): boolean {
    const { relaying } = this.#init
    if (isEvent(name)) return relaying.mayTell(name, to, delivery)
    const error = to.judge(name)
    if (error !== undefined) relaying.refuse(name, head, error, about)
    return error === undefined
  }

  #createGathering(
    operation: string,
    ack: number,
    gather: Gather<unknown>,
    count: number,
    limit: number
  ): Gathering {
    const { acks, inbox, timeout } = this.#init
    return new Gathering({
      operation,
      gather,
      limit,
      count,
      timeout,
      done: value => {
        inbox.acked(ack, value)
        acks.sendSoon()
      },
      fail: (error: ErrorData) => {
        inbox.refused(ack, error, '')
        acks.sendSoon()
      }
    })
  }

  #takeGathering(ack: number): Gathering | undefined {
    const gathering = this.#gatherings.get(ack)
    this.#gatherings.delete(ack)
    return gathering
  }
}

function firstError(name: string, peers: readonly PeerRelay[]): GatewayError | undefined {
  for (const to of peers) {
    const error = to.judge(name)
    if (error !== undefined) return error
  }
  return undefined
}
