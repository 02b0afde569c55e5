/**
 * Sends the operations of one source to other gateways: a worker, or a link whose session has moved on.
 * Passes the answers back under the numbers that the source has given.
 */
import { type ErrorData, errors, type GatewayError } from '../../../shared/errors.js'
import { type Delivery, deliveries } from '../../../shared/events/event.js'
import type { OperationHead, UserOperationHead } from '../../../shared/link/outbox.js'
import type { Outbox } from '../../../shared/link/outbox-writer.js'
import type { AnswerReader, OperationAcks } from '../../operations/operation-acks.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { type Asker, linkLost, type PeerRelay } from '../relays/peer-relay.js'
import type { PeerRelays } from '../relays/peer-relays.js'
import type { Undecided } from './undecided.js'

export interface RelayingInit {
  readonly relays: Pick<PeerRelays, 'whyNone'>
  readonly undecided: Undecided
  readonly acks: OperationAcks
  readonly inbox: AnswerReader
  readonly metrics: Metrics
  /** Milliseconds that an operation may take (`clusterTimeout`). */
  readonly timeout: number
}

/** What is known of an operation beside its head. */
export interface RelayDetails {
  /** For the log. */
  readonly about?: string
  /** The characters of its long texts. */
  readonly characters?: number
  /** That of its event, if it has one. */
  readonly delivery?: Delivery
  /** Milliseconds that it has waited here, until it was decided where its session is. */
  readonly waited?: number
  /** Whether it has had an effect here before that: then no error may say that nothing was done. */
  readonly isBegun?: boolean
}

/** Codes that say that nothing was done. */
const undone = new Set<string>([errors.clusterUnavailable.code, errors.clusterUnsupported.code])

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

export class Relaying implements Asker {
  readonly #init: RelayingInit
  /** The head of the operation that is being written; used again and again. */
  readonly #head: Mutable<OperationHead> = { rid: 0, viewId: 0, ack: 0, frontendId: '', sid: 0 }
  readonly #userHead: Mutable<UserOperationHead> = { rid: 0, ack: 0, frontendId: '' }

  constructor(init: RelayingInit) {
    this.#init = init
  }

  /**
   * Sends an operation on a session to the session's gateway. `characters`: of its long texts. `delivery`: of
   * its event, if it has one.
   */
  relay(
    name: string,
    head: OperationHead,
    to: PeerRelay | 'unknown' | 'lost',
    write: (outbox: Outbox, head: OperationHead) => void,
    details: RelayDetails = {}
  ): void {
    const { acks, relays } = this.#init
    const { characters = 0, waited = 0, isBegun = false } = details
    if (to === 'unknown' || to === 'lost') {
      const error = to === 'lost' ? linkLost(name) : relays.whyNone(name, head.frontendId)
      return this.#refuse(name, head, error, details)
    }
    if (!this.#maySend(name, head, to, details)) return
    const { viewId, frontendId, sid } = head
    const own = this.#head
    // A turn is one of this gateway's: elsewhere its view is one like any other that is not known.
    own.viewId = viewId > 0 ? 0 : acks.viewIdOf(viewId)
    own.frontendId = frontendId
    own.sid = sid
    const asker = isBegun ? this.#askerOfBegun(name) : this
    own.ack = head.ack === 0 ? 0 : to.expect(name, asker, head.ack, waited)
    write(to.outbox, own)
    to.written(characters)
  }

  /**
   * Has an operation wait whose session is on its way from here. `run`: does it with a copy of its head, once
   * it is decided where the session is; it gets the milliseconds until then. Returns false if there is no
   * room, and the operation was refused.
   */
  wait(
    operation: string,
    head: OperationHead,
    run: (head: OperationHead, waited: number) => void,
    { about = '', characters = 0 }: RelayDetails = {}
  ): boolean {
    const { acks, undecided } = this.#init
    if (acks.refuseEnded(operation, head)) return false
    const error = undecided.judge(operation, characters)
    if (error !== undefined) {
      this.refuse(operation, head, error, about)
      return false
    }
    const { rid, viewId, ack, frontendId, sid } = head
    const kept = { rid, viewId, ack, frontendId, sid }
    undecided.add(sid, {
      operation,
      characters,
      run: waited => {
        try {
          run(kept, waited)
        } catch (error) {
          // It fails alone, as it would on its arrival.
          acks.fail(operation, kept, error)
        }
        acks.sendSoon()
      },
      fail: error => {
        this.refuse(operation, kept, error, about)
        acks.sendSoon()
      }
    })
    return true
  }

  /**
   * Returns the head with which an operation on users or channels is written for the only gateway that it
   * names; undefined if it was refused.
   */
  headForOne(
    name: string,
    head: UserOperationHead,
    to: PeerRelay | undefined,
    about: string,
    delivery: Delivery
  ): UserOperationHead | undefined {
    if (to === undefined) this.refuse(name, head, this.#init.relays.whyNone(name, head.frontendId), about)
    else if (this.#maySend(name, head, to, { about, delivery }))
      return this.headFor(name, head, to, this, head.ack)
    return undefined
  }

  /**
   * Returns the head with which an operation is written for a gateway. Its answer goes to `asker`, as `ack`.
   */
  headFor(
    name: string,
    { frontendId }: UserOperationHead,
    to: PeerRelay,
    asker: Asker,
    ack: number
  ): UserOperationHead {
    const own = this.#userHead
    own.frontendId = frontendId
    own.ack = ack === 0 ? 0 : to.expect(name, asker, ack)
    return own
  }

  answered(ack: number, value: string): void {
    this.#init.inbox.acked(ack, value)
    this.#init.acks.sendSoon()
  }

  failed(ack: number, error: ErrorData, value: string): void {
    this.#init.inbox.refused(ack, error, value)
    this.#init.acks.sendSoon()
  }

  /**
   * Whether an event that nobody waits for can be sent. It may wait in the link, as long as that has room.
   * If not, or if the other gateway's version does not know it, it is counted, and the log says so.
   */
  mayTell(name: string, to: PeerRelay, delivery: Delivery): boolean {
    const { metrics } = this.#init
    // Nobody wants to read a volatile event when the bus is back.
    if (delivery === deliveries.volatile && !to.isUp) metrics.count('eventsDropped')
    else if (to.link.hasRoom && to.knows(name)) {
      if (delivery !== deliveries.volatile) to.link.noteEvent()
      return true
    } else to.lose()
    return false
  }

  /** Whether an operation can be sent. If not, it is refused. */
  #maySend(name: string, head: UserOperationHead, to: PeerRelay, details: RelayDetails): boolean {
    const { delivery = deliveries.reliable } = details
    if (this.#init.acks.refuseEnded(name, head)) return false
    if (head.ack === 0 && isEvent(name)) return this.mayTell(name, to, delivery)
    const error = to.judge(name)
    if (error === undefined) return true
    this.#refuse(name, head, error, details, to.frontendId)
    return false
  }

  #refuse(
    name: string,
    head: UserOperationHead,
    error: GatewayError,
    { about = '', isBegun = false }: RelayDetails,
    frontendId = head.frontendId
  ): void {
    this.refuse(name, head, isBegun ? this.#ofBegun(name, frontendId, error) : error, about)
  }

  /** Passes answers back of an operation that was begun here. */
  #askerOfBegun(name: string): Asker {
    return {
      answered: (ack, value) => this.answered(ack, value),
      failed: (ack, error, value, { frontendId }) =>
        this.failed(ack, this.#ofBegun(name, frontendId, error), value)
    }
  }

  /** Returns an error of an operation that was begun here: it is not known whether it is done. */
  #ofBegun<Error extends ErrorData>(name: string, frontendId: string, error: Error): Error | GatewayError {
    return undone.has(error.code) ? errors.clusterTimeout(name, frontendId, this.#init.timeout) : error
  }

  /** Refuses an operation that is not sent. */
  refuse(name: string, head: UserOperationHead, error: GatewayError, about: string): void {
    const { acks, metrics } = this.#init
    metrics.count('operations')
    metrics.count('relayed')
    metrics.count('relayedFailed')
    acks.refuse(name, head, error, about)
  }
}

/** Returns the head of the same operation without an answer. */
export function unanswered({ rid, viewId, frontendId, sid }: OperationHead): OperationHead {
  return { rid, viewId, ack: 0, frontendId, sid }
}

const eventNames = new Set(['send', 'sendToUser', 'sendToUsers', 'broadcast', 'sendToChannel'])

/** Whether an operation sends an event. */
export function isEvent(name: string): boolean {
  return eventNames.has(name)
}
