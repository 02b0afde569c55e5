/**
 * The batches of one direction of a link that its other end has not acked: those that were sent, and behind
 * them those that wait because the window is full or the bus is down.
 */
import { isWide } from './batch-text.js'
import type { LinkFigures } from './links.js'

export interface SentBatch {
  readonly number: number
  /** Its frames. */
  readonly text: string
  readonly bytes: number
  /** Number of events that nobody waits for, about: some may be in the batch before. */
  readonly events: number
  /** When it was written, in whole milliseconds. */
  readonly writtenAt: number
  /** Whether it has been sent once. */
  isSent: boolean
}

export interface SentBatchesInit {
  /** Bytes that may be sent and unacked. One batch always may. */
  readonly window: number
  /** Bytes that may wait behind them before operations are refused, and events dropped. */
  readonly queueBytes: number
  /** Sends a batch. `isAgain`: not for the first time. */
  readonly send: (batch: SentBatch, isAgain: boolean) => void
}

interface Wait {
  readonly number: number
  readonly done: (isTakenIn: boolean) => void
}

/** Milliseconds without an ack after which the first batch is sent again; at the most, after several. */
const patience = { least: 200, most: 1_000 }

/** Bytes over the queue's limit at which a link ends: only what nobody refuses gets there. */
const mostOverQueue = 64 * 2 ** 20

/** The part of the queue that may be full when one more session is sent; in bytes at the most. */
const movePart = 1 / 4
const mostBeforeMove = 8 * 2 ** 20

/** The part of the queue that one session may fill; in bytes at the least and at the most. */
const sessionPart = 1 / 2
const sessionBytes = { least: 8 * 2 ** 20, most: 32 * 2 ** 20 }

/** Number of acked places at the front of the array before it is cut. */
const mostFree = 256

export class SentBatches {
  readonly #init: SentBatchesInit
  /** The batches from the number `#first` on, behind `#free` places that are no longer used. */
  #batches: (SentBatch | undefined)[] = []
  #free = 0
  #first = 1
  /** Number of the next batch that is to be sent. */
  #unsent = 1
  #bytesUnacked = 0
  #bytesWaiting = 0
  #waits: Wait[] = []
  /** When something was sent while nothing else was on its way, or acked. */
  #progressAt = 0
  #patience = patience.least
  /** Whether the first batch was sent again because no ack came. */
  #isProbing = false

  constructor(init: SentBatchesInit) {
    this.#init = init
  }

  /** Number of the newest batch. */
  get last(): number {
    return this.#first + this.#batches.length - this.#free - 1
  }

  /** Whether operations and events may be added. */
  get hasRoom(): boolean {
    return this.#bytesWaiting < this.#init.queueBytes
  }

  /** See `Link`. */
  roomToMove(isAlone: boolean): number {
    const { queueBytes } = this.#init
    const most = isAlone ? queueBytes + mostBeforeMove : Math.min(queueBytes * movePart, mostBeforeMove)
    if (this.#bytesWaiting > most) return 0
    return Math.min(Math.max(queueBytes * sessionPart, sessionBytes.least), sessionBytes.most)
  }

  /** Why the link is to end; undefined: it is not. */
  get fault(): string | undefined {
    const most = this.#init.queueBytes + mostOverQueue
    return this.#bytesWaiting > most ? `more than ${most} bytes wait for it` : undefined
  }

  /** Whether all batches are acked. */
  get isIdle(): boolean {
    return this.#batches.length === this.#free
  }

  figures(now: number): Pick<LinkFigures, 'queueBytes' | 'unackedBytes' | 'lag'> {
    const oldestAt = this.#batches[this.#free]?.writtenAt ?? now
    const lag = Math.max(0, now - oldestAt)
    return { queueBytes: this.#bytesWaiting, unackedBytes: this.#bytesUnacked, lag }
  }

  add(text: string, now: number, events = 0): void {
    const bytes = isWide(text) ? 2 * text.length : text.length
    const writtenAt = Math.floor(now)
    this.#batches.push({ number: this.last + 1, text, bytes, events, writtenAt, isSent: false })
    this.#bytesWaiting += bytes
  }

  /** Sends what the window has room for. */
  sendOn(now: number): void {
    for (let batch = this.#at(this.#unsent); batch !== undefined; batch = this.#at(this.#unsent)) {
      const { bytes, isSent } = batch
      if (this.#bytesUnacked > 0 && this.#bytesUnacked + bytes > this.#init.window) return
      if (this.#bytesUnacked === 0) this.#progressAt = now
      this.#unsent++
      this.#bytesUnacked += bytes
      this.#bytesWaiting -= bytes
      batch.isSent = true
      this.#init.send(batch, isSent)
    }
  }

  /** The other end has taken in all batches up to this number. Returns false if there is no such batch. */
  ack(number: number, now: number): boolean {
    if (number > this.last) return false
    if (number < this.#first) return true
    this.#drop(number)
    this.#progressAt = now
    this.#patience = patience.least
    // The answer to a probe: what was sent behind it may be lost too.
    if (this.#isProbing) this.sendAgain(this.#first)
    this.#isProbing = false
    this.#settle(number)
    return true
  }

  #drop(number: number): void {
    for (; this.#first <= number; this.#first++) {
      const { bytes } = this.#batches[this.#free]!
      if (this.#first < this.#unsent) this.#bytesUnacked -= bytes
      else this.#bytesWaiting -= bytes
      this.#batches[this.#free++] = undefined
    }
    if (this.#unsent < this.#first) this.#unsent = this.#first
    if (this.#free === this.#batches.length || this.#free > mostFree) {
      this.#batches.splice(0, this.#free)
      this.#free = 0
    }
  }

  /** Has all batches from this number on sent again by the next `sendOn`. */
  sendAgain(number: number): void {
    const from = Math.max(number, this.#first)
    for (let each = this.#unsent - 1; each >= from; each--) {
      const { bytes } = this.#at(each)!
      this.#bytesUnacked -= bytes
      this.#bytesWaiting += bytes
    }
    if (from < this.#unsent) this.#unsent = from
  }

  /** Sends the first batch again if its ack is late. */
  probe(now: number): void {
    if (this.#first === this.#unsent || now - this.#progressAt < this.#patience) return
    this.#progressAt = now
    this.#patience = Math.min(2 * this.#patience, patience.most)
    this.#isProbing = true
    this.#init.send(this.#at(this.#first)!, true)
  }

  /** Calls `done` once the batch of this number is acked. Numbers may only rise from call to call. */
  whenAcked(number: number, done: (isTakenIn: boolean) => void): void {
    if (number < this.#first) done(true)
    else this.#waits.push({ number, done })
  }

  /** Forgets all batches. Returns the number of their events. */
  end(): number {
    const events = this.#batches.reduce((sum, batch) => sum + (batch?.events ?? 0), 0)
    this.#batches = []
    this.#free = 0
    this.#bytesUnacked = 0
    this.#bytesWaiting = 0
    this.#unsent = this.#first
    const waits = this.#waits
    this.#waits = []
    for (const { done } of waits) done(false)
    return events
  }

  #settle(number: number): void {
    let count = 0
    while (count < this.#waits.length && this.#waits[count]!.number <= number) count++
    for (const { done } of this.#waits.splice(0, count)) done(true)
  }

  #at(number: number): SentBatch | undefined {
    return this.#batches[this.#free + number - this.#first]
  }
}
