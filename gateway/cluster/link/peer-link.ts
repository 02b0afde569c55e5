/**
 * One link to a start of another gateway: numbers what is said in either direction, and takes each batch in
 * once and in order.
 */
import { Inbox } from '../../../shared/link/inbox.js'
import { Outbox } from '../../../shared/link/outbox-writer.js'
import { encodeText, formatItems, type ItemReader, parseItems, UnreadableBatchError } from './batch-text.js'
import { Journeys } from './journeys.js'
import type { LinkCounts } from './link-counts.js'
import { type FrameKind, type FrameReader, frameKinds, type Item, type Link } from './links.js'
import {
  formatAck,
  formatData,
  formatFrame,
  formatHead,
  messageKinds,
  readAck,
  readData,
  readEnd,
  readFrame
} from './messages.js'
import { cutText, Pieces, pieceLength } from './pieces.js'
import { type SentBatch, SentBatches } from './sent-batches.js'

/** What all links of a gateway have in common. */
export interface LinkHost {
  readonly isUp: boolean
  readonly window: number
  readonly queueBytes: number
  readonly counts: LinkCounts
  readonly monotonic: () => number
  /** The readers of frames, by kind. */
  readonly readers: readonly (FrameReader | undefined)[]
  publish(start: number, bytes: Buffer): void
  /** Calls `flush` of the link at the end of this turn of the event loop. */
  flushSoon(link: PeerLink): void
  /** Calls `sendAck` of the link within a few milliseconds. */
  ackSoon(link: PeerLink): void
  /** Has `look` of the link called until it is idle. */
  lookAfter(): void
}

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

/** Characters at which a batch leaves at once. */
const batchLength = 48_000

/** Characters of an operation beside its longest text, as a guess. */
const operationLength = 48

/** Batches after which an ack leaves at once. */
const batchesPerAck = 8

/** Least milliseconds between two times that a batch is asked for again. */
const askEvery = 100

/** Bytes over the queue's limit at which a link ends. Only frames that nobody may refuse get there. */
const mostOverQueue = 64 * 2 ** 20

export class PeerLink implements Link {
  readonly frontendId: string
  readonly start: number
  readonly version: number
  readonly outbox = new Outbox()
  readonly inbox = new Inbox()
  readonly #init: PeerLinkInit
  readonly #sent: SentBatches
  readonly #journeys = new Journeys()
  readonly #pieces = new Pieces()
  #isOpen = true
  /** Frames of the next batch. */
  #text = ''
  /** Characters that were written since the last flush, as a guess. */
  #written = 0
  #isFlushDue = false
  /** Number of the last batch that was taken in. */
  #taken = 0
  /** Batches that were taken in and not acked. */
  #unacked = 0
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(init: PeerLinkInit) {
    this.#init = init
    this.frontendId = init.frontendId
    this.start = init.start
    this.version = init.version
    const { window } = init.host
    this.#sent = new SentBatches({ window, send: (batch, isAgain) => this.#send(batch, isAgain) })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#sent.bytesWaiting < this.#init.host.queueBytes
  }

  /** Bytes that wait to be sent. */
  get bytesWaiting(): number {
    return this.#sent.bytesWaiting
  }

  /** Milliseconds since the oldest batch without an ack was written. */
  lagAt(now: number): number {
    const { oldestAt } = this.#sent
    return oldestAt === undefined ? 0 : Math.max(0, now - oldestAt)
  }

  flushSoon(characters = 0): void {
    this.#written += operationLength + characters
    if (this.#written >= batchLength) this.flush()
    else this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#isFlushDue || !this.#isOpen) return
    this.#isFlushDue = true
    this.#init.host.flushSoon(this)
  }

  send(kind: Exclude<FrameKind, 'outbox' | 'inbox'>, items: readonly Item[]): void {
    if (!this.#isOpen) return
    this.#collect()
    this.#addFrame(frameKinds[kind], items)
    this.#flushSoon()
  }

  whenTakenIn(done: (isTakenIn: boolean) => void): void {
    if (!this.#isOpen) return done(false)
    this.#collect()
    if (this.#text !== '') this.#flushSoon()
    this.#sent.whenAcked(this.#sent.last + (this.#text === '' ? 0 : 1), done)
  }

  /** Sends what was written. */
  flush(): void {
    this.#isFlushDue = false
    if (!this.#isOpen) return
    this.#collect()
    this.#cut()
  }

  /** The bus is back: what was sent meanwhile may be lost. */
  sendAgain(): void {
    this.#sent.sendAgain(0)
    this.#sendOn()
    this.sendAck()
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

  /** Ends the link: nothing is sent or taken in any more. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.outbox.take()
    this.inbox.take()
    this.#text = ''
    this.#sent.end()
  }

  /**
   * Takes in a message of the other end.
   *
   * @throws UnreadableBatchError, and what a reader of frames throws
   */
  receive(kind: number, reader: ItemReader): void {
    switch (kind) {
      case messageKinds.data:
        return this.#receiveData(reader)
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
        return this.#sendOn()
      }
      default:
      // A kind of a later version.
    }
  }

  #receiveData(reader: ItemReader): void {
    const { host } = this.#init
    const { number, ack, sentAt } = readData(reader)
    const now = host.monotonic()
    const age = this.#journeys.note(sentAt, now)
    this.#receiveAck(ack)
    if (number <= this.#taken) return this.sendAck()
    if (number > this.#taken + 1) {
      if (now - this.#askedAt < askEvery) return
      host.counts.gaps++
      return this.askAgain()
    }
    while (!reader.isAtEnd && this.#isOpen) this.#receiveFrame(reader, age)
    if (!this.#isOpen) return
    this.#taken = number
    this.#unacked++
    if (this.#unacked >= batchesPerAck) this.sendAck()
    else host.ackSoon(this)
  }

  #receiveFrame(reader: ItemReader, age: number): void {
    const { readers } = this.#init.host
    const { kind, characters } = readFrame(reader)
    if (kind === frameKinds.piece) {
      const whole = this.#pieces.add(reader.items(characters))
      if (whole !== undefined) readers[whole.kind]?.(this, parseItems(whole.text), age)
      return
    }
    if (!this.#pieces.isEmpty) throw new UnreadableBatchError('a frame between the pieces of another')
    const read = readers[kind]
    if (read === undefined) reader.skip(characters)
    else read(this, reader.items(characters), age)
  }

  #receiveAck(ack: number): void {
    if (!this.#sent.ack(ack, this.#init.host.monotonic()))
      throw new UnreadableBatchError(`an ack of batch ${ack}, which was never sent`)
    this.#sendOn()
  }

  /** Makes frames of what was written to the boxes. */
  #collect(): void {
    this.#written = 0
    if (!this.inbox.isEmpty) this.#addFrame(frameKinds.inbox, this.inbox.take())
    if (!this.outbox.isEmpty) this.#addFrame(frameKinds.outbox, this.outbox.take())
  }

  #addFrame(kind: number, items: readonly Item[]): void {
    const text = formatItems(items)
    if (text.length > pieceLength) {
      this.#cut()
      cutText(kind, text, piece => {
        this.#text = formatFrame(frameKinds.piece, piece)
        this.#cut()
      })
      return
    }
    if (this.#text.length + text.length > pieceLength) this.#cut()
    this.#text += `${kind};${text.length};${text}`
    if (this.#text.length >= batchLength) this.#cut()
  }

  #cut(): void {
    if (this.#text === '') return
    const { host, onFault } = this.#init
    this.#sent.add(this.#text, host.monotonic())
    this.#text = ''
    host.lookAfter()
    this.#sendOn()
    const most = host.queueBytes + mostOverQueue
    if (this.#sent.bytesWaiting > most) onFault(this, `more than ${most} bytes wait for it`)
  }

  #sendOn(): void {
    const { host } = this.#init
    if (host.isUp) this.#sent.sendOn(host.monotonic())
  }

  #send({ number, text, bytes, writtenAt }: SentBatch, isAgain: boolean): void {
    const { counts } = this.#init.host
    counts.batches++
    counts.bytes += bytes
    if (isAgain) counts.resent++
    this.#unacked = 0
    const head = formatData({ number, ack: this.#taken, allAck: 0, cursor: 0, sentAt: writtenAt })
    this.#publish(messageKinds.data, head + text)
  }

  #publish(kind: number, text: string): void {
    const { host, version, ownStart: from, epoch, start } = this.#init
    host.publish(start, encodeText(formatHead({ version, kind, from, epoch }) + text))
  }
}
