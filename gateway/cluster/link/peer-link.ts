/**
 * One link to a start of another gateway: numbers what is said in either direction, and takes each batch in
 * once and in order.
 */
import type { Inbox } from '../../../shared/link/inbox.js'
import type { Outbox } from '../../../shared/link/outbox-writer.js'
import { encodeText, type ItemReader, UnreadableBatchError } from './batch-text.js'
import { BatchWriter, batchLength } from './batch-writer.js'
import { Journeys } from './journeys.js'
import type { LinkHost } from './link-host.js'
import { type FrameKind, frameKinds, type Item, type Link, type LinkFigures } from './links.js'
import {
  type DataHead,
  formatAck,
  formatData,
  formatHead,
  messageKinds,
  readAck,
  readData,
  readEnd
} from './messages.js'
import { IncomingFrames } from './pieces.js'
import { type SentBatch, SentBatches } from './sent-batches.js'
import type { SharedBatch } from './shared-batch.js'

export interface PeerLinkInit {
  readonly host: LinkHost
  readonly ownStart: number
  readonly frontendId: string
  readonly start: number
  readonly version: number
  readonly epoch: number
  /** Ends the link, because of what its other end has sent, or since too much waits for it. */
  readonly onFault: (link: PeerLink, why: string) => void
}

/** Characters of an operation beside its longest text, as a guess. */
const operationLength = 48

/** Batches after which an ack leaves at once. */
const batchesPerAck = 8

/** Least milliseconds between two times that a batch is asked for again. */
const askEvery = 100

export class PeerLink implements Link {
  readonly frontendId: string
  readonly start: number
  readonly version: number
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly #init: PeerLinkInit
  readonly #writer: BatchWriter
  readonly #sent: SentBatches
  readonly #journeys = new Journeys()
  readonly #frames: IncomingFrames
  #isOpen = true
  readonly #counts = { batches: 0, bytes: 0, resent: 0, gaps: 0 }
  /** Characters that were written since the last flush, as a guess. */
  #written = 0
  #isFlushDue = false
  /** Events that were noted since the last batch. */
  #events = 0
  /** Number of the last batch that was taken in. */
  #taken = 0
  /** Batches that were taken in and not acked. */
  #unacked = 0
  #askedAt = Number.NEGATIVE_INFINITY
  /** What a batch with its frames is added to, instead of being sent. */
  #shared: SharedBatch | undefined

  constructor(init: PeerLinkInit) {
    this.#init = init
    this.frontendId = init.frontendId
    this.start = init.start
    this.version = init.version
    const { host } = init
    const { window, queueBytes } = host
    this.#writer = new BatchWriter(
      () => host.pieceLength,
      text => this.#addBatch(text)
    )
    this.#frames = new IncomingFrames(this, host.readers)
    this.outbox = this.#writer.outbox
    this.inbox = this.#writer.inbox
    this.#sent = new SentBatches({ window, queueBytes, send: (batch, isAgain) => this.#send(batch, isAgain) })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#sent.hasRoom
  }

  roomToMove(isAlone: boolean): number {
    return this.#isOpen ? this.#sent.roomToMove(isAlone) : 0
  }

  get piecesTaken(): number {
    return this.#frames.piecesTaken
  }

  figures(): LinkFigures {
    return { ...this.#counts, ...this.#sent.figures(this.#init.host.monotonic()) }
  }

  flushSoon(characters = 0): void {
    this.#written += operationLength + characters
    if (this.#written >= batchLength || !this.#isOpen) this.flush()
    else this.#flushSoon()
  }

  noteEvent(): void {
    this.#events++
  }

  #flushSoon(): void {
    if (!this.#isFlushDue && this.#isOpen) this.#init.host.flushSoon(this)
    this.#isFlushDue = true
  }

  send(kind: Exclude<FrameKind, 'outbox' | 'inbox'>, items: readonly Item[]): void {
    if (!this.#isOpen) return
    this.#writer.collect()
    this.#writer.add(frameKinds[kind], items)
    this.#flushSoon()
  }

  whenTakenIn(done: (isTakenIn: boolean) => void): void {
    if (!this.#isOpen) return done(false)
    this.#writer.collect()
    const { isEmpty } = this.#writer
    if (!isEmpty) this.#flushSoon()
    this.#sent.whenAcked(this.#sent.last + (isEmpty ? 0 : 1), done)
  }

  /** Returns the frames of the next batch. */
  collect(): string {
    this.#writer.collect()
    return this.#writer.text
  }

  /** Does what `flush` does, but adds a batch with the frames of `shared` to it instead of sending it. */
  flushInto(shared: SharedBatch): void {
    this.#shared = shared
    this.flush()
    this.#shared = undefined
  }

  /** Sends what was written. */
  flush(): void {
    this.#isFlushDue = false
    this.#written = 0
    if (!this.#isOpen) return this.#writer.clear()
    this.#writer.collect()
    this.#writer.cut()
  }

  /** The bus is back: what either end has sent meanwhile may be lost. */
  sendAgain(): void {
    this.#sent.sendAgain(0)
    this.#sendOn()
    this.askAgain()
  }

  /** Sends again what has found no answer. Returns whether there is something to look after. */
  look(now: number): boolean {
    if (this.#sent.isIdle || !this.#isOpen) return false
    if (this.#init.host.isUp) this.#sent.probe(now)
    return true
  }

  /** Tells the other end how far its batches were taken in. */
  sendAck(): void {
    if (!this.#isOpen) return
    this.#unacked = 0
    const { host } = this.#init
    const sentAt = Math.floor(host.monotonic())
    this.#publish(messageKinds.ack, formatAck({ ack: this.#taken, allAck: 0, sentAt }))
  }

  /** Sends an ack if one is due. */
  sendDueAck(): void {
    if (this.#unacked > 0) this.sendAck()
  }

  /** Asks for the batches behind the last one that was taken in. */
  askAgain(): void {
    this.#askedAt = this.#init.host.monotonic()
    this.#publish(messageKinds.again, `${this.#taken + 1};0;`)
  }

  /**
   * Ends the link: nothing is sent or taken in any more. Returns the number of events that were not
   * acknowledged. Some of them may have arrived. `hasLeft`: the other end has left the cluster, when all its
   * sessions had gone on elsewhere or had ended, so that nobody there has missed one.
   */
  close(hasLeft: boolean): number {
    if (!this.#isOpen) return 0
    this.#isOpen = false
    this.#writer.clear()
    const unacked = this.#events + this.#sent.end()
    const lost = hasLeft ? 0 : unacked
    this.#init.host.metrics.count('clusterEventsLost', lost)
    return lost
  }

  /**
   * Takes in a message of the other end. `head`: of `data`, if it was read before.
   *
   * @throws UnreadableBatchError, and what a reader of frames throws
   */
  receive(kind: number, reader: ItemReader, head?: DataHead): void {
    switch (kind) {
      case messageKinds.data:
        return this.#receiveData(head ?? readData(reader), reader)
      case messageKinds.ack: {
        const { ack, sentAt } = readAck(reader)
        readEnd(reader)
        this.#journeys.note(sentAt, this.#init.host.monotonic())
        return this.#receiveAck(ack)
      }
      case messageKinds.again: {
        const number = reader.whole()
        reader.whole()
        readEnd(reader)
        this.#sent.sendAgain(number)
        return this.#receiveAck(number - 1)
      }
      default:
      // A kind of a later version.
    }
  }

  #receiveData({ number, ack, sentAt }: DataHead, reader: ItemReader): void {
    const { host } = this.#init
    const now = host.monotonic()
    const age = this.#journeys.note(sentAt, now)
    this.#receiveAck(ack)
    if (number <= this.#taken) return this.sendAck()
    if (number > this.#taken + 1) {
      if (now - this.#askedAt < askEvery) return
      this.#counts.gaps++
      host.metrics.count('clusterGaps')
      return this.askAgain()
    }
    while (!reader.isAtEnd && this.#isOpen) this.#frames.take(reader, age)
    if (!this.#isOpen) return
    this.#taken = number
    this.#unacked++
    if (this.#unacked >= batchesPerAck) this.sendAck()
    else host.ackSoon(this)
  }

  #receiveAck(ack: number): void {
    if (!this.#sent.ack(ack, this.#init.host.monotonic()))
      throw new UnreadableBatchError(`an ack of batch ${ack}, which was never sent`)
    this.#sendOn()
  }

  #addBatch(text: string): void {
    const { host, onFault } = this.#init
    this.#sent.add(text, host.monotonic(), this.#events)
    this.#events = 0
    host.lookAfter()
    this.#sendOn()
    const { fault } = this.#sent
    if (fault !== undefined) onFault(this, fault)
  }

  #sendOn(): void {
    const { host } = this.#init
    if (host.isUp) this.#sent.sendOn(host.monotonic())
  }

  #send({ number, text, bytes, writtenAt }: SentBatch, isAgain: boolean): void {
    const { host, start, epoch } = this.#init
    const { metrics } = host
    this.#counts.batches++
    this.#counts.bytes += bytes
    this.#unacked = 0
    if (number === this.#sent.last && !isAgain && this.#shared?.text === text)
      return this.#shared.add({ start, epoch, number, ack: this.#taken })
    metrics.count('clusterBatches')
    metrics.count('clusterBytes', bytes)
    if (isAgain) {
      this.#counts.resent++
      metrics.count('clusterResent')
    }
    const head = formatData({ number, ack: this.#taken, allAck: 0, cursor: 0, sentAt: writtenAt })
    this.#publish(messageKinds.data, head + text)
  }

  #publish(kind: number, text: string): void {
    const { host, version, ownStart: from, epoch, start } = this.#init
    host.publish(start, encodeText(formatHead({ version, kind, from, epoch }) + text))
  }
}
