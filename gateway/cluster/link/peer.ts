/**
 * A start of another gateway, and its links, of which it has one after the other: a link that met a message
 * which can't be read ends at both ends, and the next one begins. Links are told apart by their epoch.
 */
import type { Logger } from '../../../shared/text/log.js'
import { encodeText, type ItemReader, UnreadableBatchError } from './batch-text.js'
import type { LinkHost, Timing } from './link-host.js'
import { type DataHead, formatHead, messageKinds } from './messages.js'
import { PeerLink } from './peer-link.js'

export interface PeerInit {
  readonly host: LinkHost
  readonly timing: Timing
  readonly log: Logger
  readonly ownStart: number
  readonly frontendId: string
  readonly start: number
  readonly version: number
  readonly linkUp: (link: PeerLink) => void
  readonly linkDown: (link: PeerLink) => void
}

/** Milliseconds between two messages that say that a link has ended, until the other end knows. */
const sayEvery = 1_000

/** Milliseconds after a fault in which another one is told later, so that no two gateways fail in a loop. */
const calmAfter = 10_000

/** Epochs by which the ends of a link may differ. */
const mostAhead = 1_000

/** Least milliseconds between two answers to messages of an older link. */
const answerEvery = 100

export class Peer {
  readonly #init: PeerInit
  /** undefined: the link of this epoch has ended, and the other end has to know before the next begins. */
  #link: PeerLink | undefined
  #epoch = 0
  #isOver = false
  #stopSaying = () => {}
  #answeredAt = Number.NEGATIVE_INFINITY
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(init: PeerInit) {
    this.#init = init
  }

  get frontendId(): string {
    return this.#init.frontendId
  }

  get link(): PeerLink | undefined {
    return this.#link
  }

  /** Begins the first link. `isCalled`: messages came before, which were not taken in. */
  begin(isCalled: boolean): void {
    this.#open(1)
    if (isCalled) this.#link?.askAgain()
  }

  /** The start is over. `byItself`: it has left, and had no session any more that could miss an event. */
  end(byItself = false): void {
    this.#isOver = true
    this.#close(byItself)
  }

  /** @throws UnreadableBatchError if it is a message of no link that there can be */
  receive(kind: number, epoch: number, reader: ItemReader, head?: DataHead): void {
    if (epoch < this.#epoch) return this.#answerOld()
    if (epoch > this.#epoch + mostAhead)
      throw new UnreadableBatchError(`a message of the epoch ${epoch}, which is far from ${this.#epoch}`)
    if (epoch > this.#epoch) {
      this.#close()
      this.#open(epoch)
    }
    if (kind === messageKinds.end) {
      this.#close()
      this.#open(epoch + 1)
      this.#link?.askAgain()
      return
    }
    const link = this.#link
    if (link === undefined) return
    try {
      link.receive(kind, reader, head)
    } catch (error) {
      this.#fail(link, 'A message of another gateway could not be taken in', { error })
    }
  }

  #open(epoch: number): void {
    if (this.#isOver) return
    this.#stopSaying()
    this.#epoch = epoch
    const { host, ownStart, frontendId, start, version, linkUp } = this.#init
    const onFault = (link: PeerLink, why: string) =>
      this.#fail(link, 'Too much waits for another gateway', { why })
    this.#link = new PeerLink({ host, ownStart, frontendId, start, version, epoch, onFault })
    // Its time is the first by which the other end reckons how long messages take.
    this.#link.sendAck()
    linkUp(this.#link)
  }

  #close(hasLeft = false): void {
    this.#stopSaying()
    const link = this.#link
    if (link === undefined) return
    this.#link = undefined
    const events = link.close(hasLeft)
    const { log, frontendId: peer, start, linkDown } = this.#init
    if (events > 0)
      log.warn('Events for another gateway are lost: its link has ended', { peer, start, events })
    linkDown(link)
  }

  #fail(link: PeerLink, message: string, fields: object): void {
    if (link !== this.#link) return
    const { log, frontendId, start } = this.#init
    log.error(`${message}: the link to it ends`, { frontendId, start, ...fields })
    this.#close()
    if (this.#isOver) return
    const now = this.#init.timing.monotonic()
    if (now - this.#failedAt < calmAfter) this.#sayEndLater()
    else this.#sayEnd()
    this.#failedAt = now
  }

  /** Tells the other end, until it begins the next link. */
  #sayEnd(): void {
    const { host, version, ownStart: from, start } = this.#init
    const head = { version, kind: messageKinds.end, from, epoch: this.#epoch }
    host.publish(start, encodeText(formatHead(head)))
    this.#sayEndLater()
  }

  #sayEndLater(): void {
    this.#stopSaying = this.#init.timing.after(sayEvery, () => this.#sayEnd())
  }

  /** The other end does not know that this link has begun. */
  #answerOld(): void {
    const now = this.#init.timing.monotonic()
    if (now - this.#answeredAt < answerEvery) return
    this.#answeredAt = now
    this.#link?.askAgain()
  }
}
