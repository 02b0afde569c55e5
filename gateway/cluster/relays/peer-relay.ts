/**
 * Relays operations to one start of another gateway over its link, and takes the answers. Each operation that
 * wants an answer has one end: the answer, its deadline, or the end of the link.
 */
import { type ErrorData, errors, type GatewayError } from '../../../shared/errors.js'
import { UnreadableError } from '../../../shared/link/outbox-fields.js'
import type { Outbox } from '../../../shared/link/outbox-writer.js'
import type { Metrics } from '../../telemetry/metrics.js'
import type { Item, Link } from '../link/links.js'
import { readAnswers } from './answers.js'

/** Waits for the answers of other gateways. */
export interface Asker {
  /** `ack`: the number that the asker has given the operation. */
  answered(ack: number, value: string, from: PeerRelay): void
  /** `value`: the key's newest text after the conflict of an update, otherwise ''. */
  failed(ack: number, error: ErrorData, value: string, from: PeerRelay): void
}

export interface PeerRelayInit {
  readonly link: Link
  readonly metrics: Metrics
  readonly monotonic: () => number
  /** Milliseconds that an operation may take (`clusterTimeout`). */
  readonly timeout: number
  /** Milliseconds that a bind may take, or what waits behind one: its user may have to be claimed first. */
  readonly bindTimeout: number
  readonly isUp: () => boolean
  /** Default: those of this release. */
  readonly sinceVersions?: SinceVersions | undefined
  /** Called when an operation waits for its answer. */
  readonly onWaiting: () => void
  /** Called with the reason why an event, that nobody waits for, can't be sent to the other gateway. */
  readonly onLost: (why: string) => void
}

/**
 * The version of the link's protocol that has brought an operation. Those that are not listed are as old as
 * the protocol.
 */
export type SinceVersions = Readonly<Record<string, number>>

export const sinceVersions: SinceVersions = {}
const firstVersion = 1

/** Acks in ranges that may be more than there were operations. None should be: each has one answer. */
const mostDoubled = 100_000

/** An operation that waits for its answer. */
class Waiting {
  readonly operation: string
  readonly asker: Asker
  readonly ack: number
  readonly timeout: number
  readonly deadline: number
  /** Whether it has less time than others of its kind. */
  readonly isHurried: boolean

  constructor(operation: string, asker: Asker, ack: number, timeout: number, waited: number, now: number) {
    this.operation = operation
    this.asker = asker
    this.ack = ack
    this.timeout = timeout
    this.deadline = now + timeout - waited
    this.isHurried = waited > 0
  }
}

export class PeerRelay {
  readonly link: Link
  readonly #init: PeerRelayInit
  /**
   * By the numbers of their acks, and so in order of deadline, but for binds, which have a longer one, and
   * for those that have waited elsewhere before.
   */
  readonly #waiting = new Map<number, Waiting>()
  /** Number of those that have waited before. */
  #hurried = 0
  #lastAck = 0
  /** Acks that have come in ranges. */
  #inRanges = 0

  constructor(init: PeerRelayInit) {
    this.#init = init
    this.link = init.link
  }

  get frontendId(): string {
    return this.link.frontendId
  }

  get outbox(): Outbox {
    return this.link.outbox
  }

  /** Number of operations that wait for their answer. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Returns the error of an operation that can't be sent now; undefined if it can. */
  judge(operation: string): GatewayError | undefined {
    const { link, frontendId } = this
    if (!this.#init.isUp()) return cutOff(operation)
    if (!link.hasRoom)
      return errors.clusterUnavailable(operation, `too much waits for gateway ${JSON.stringify(frontendId)}`)
    if (!this.knows(operation)) return errors.clusterUnsupported(operation, frontendId)
    return undefined
  }

  /** Whether the other gateway's version has the operation. It can't even read one that it does not know. */
  knows(operation: string): boolean {
    const since = this.#init.sinceVersions ?? sinceVersions
    return this.link.version >= (since[operation] ?? firstVersion)
  }

  /** Counts an event that can't be sent, and that nobody waits for. */
  lose(): void {
    const { metrics, onLost } = this.#init
    metrics.count('clusterEventsLost')
    onLost(this.link.hasRoom ? 'its version does not know them' : 'too much waits for it')
  }

  /** Whether the bus is connected, so that what is written now arrives soon. */
  get isUp(): boolean {
    return this.#init.isUp()
  }

  /**
   * Returns the number of the ack for an operation whose answer `asker` waits for, as `ack`. `waited`: the
   * milliseconds of its time that are over.
   */
  expect(operation: string, asker: Asker, ack: number, waited = 0): number {
    const { monotonic, timeout, bindTimeout, onWaiting } = this.#init
    const limit = operation === 'bind' || operation === 'unbind' ? bindTimeout : timeout
    const waiting = new Waiting(operation, asker, ack, limit, waited, monotonic())
    if (waiting.isHurried) this.#hurried++
    this.#waiting.set(++this.#lastAck, waiting)
    onWaiting()
    return this.#lastAck
  }

  /** Counts an operation that was written, and has it sent. `characters`: of its long texts. */
  written(characters: number): void {
    this.#init.metrics.count('relayed')
    this.link.flushSoon(characters)
  }

  /**
   * Takes answers.
   *
   * @throws UnreadableError
   */
  read(items: readonly Item[]): void {
    readAnswers(items, this)
  }

  acked(ack: number, value: string): void {
    const waiting = this.#take(ack)
    waiting?.asker.answered(waiting.ack, value, this)
  }

  /** @throws UnreadableError for more acks than there were operations, which would take for ever */
  allAcked(first: number, last: number): void {
    this.#inRanges += Math.max(0, last - first + 1)
    if (last > this.#lastAck || this.#inRanges > this.#lastAck + mostDoubled)
      throw new UnreadableError(`acks of ${first} to ${last}, where ${this.#lastAck} operations were sent`)
    for (let ack = first; ack <= last; ack++) this.acked(ack, '')
  }

  refused(ack: number, error: ErrorData, value: string): void {
    const waiting = this.#take(ack)
    waiting?.asker.failed(waiting.ack, error, value, this)
  }

  /** Fails what has waited for too long. Returns whether something still waits. */
  sweep(now: number): boolean {
    for (const [number, { operation, deadline, timeout }] of this.#waiting) {
      if (deadline <= now) this.#fail(number, errors.clusterTimeout(operation, this.frontendId, timeout))
      else if (timeout === this.#init.timeout && this.#hurried === 0) break
    }
    return this.#waiting.size > 0
  }

  /** Fails all that waits: the link has ended. */
  end(): void {
    for (const [number, { operation }] of this.#waiting)
      this.#fail(number, errors.frontendLost(this.frontendId, operation))
  }

  #fail(number: number, error: GatewayError): void {
    const waiting = this.#take(number)
    this.#init.metrics.count('relayedFailed')
    waiting?.asker.failed(waiting.ack, error, '', this)
  }

  /** An answer that comes after its deadline finds nothing. */
  #take(ack: number): Waiting | undefined {
    const waiting = this.#waiting.get(ack)
    this.#waiting.delete(ack)
    if (waiting?.isHurried === true) this.#hurried--
    return waiting
  }
}

/** Returns the error of an operation for a gateway whose next link has not begun. */
export function linkLost(operation: string): GatewayError {
  return errors.clusterUnavailable(operation, 'the link to the gateway has just ended')
}

/** Returns the error of an operation in a gateway whose bus is not connected. */
export function cutOff(operation: string): GatewayError {
  return errors.clusterUnavailable(operation, 'this gateway is cut off from it')
}
