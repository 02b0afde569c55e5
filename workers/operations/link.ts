/**
 * The worker's end of the link: what handlers ask of the gateway goes out, its answers come in. Everything
 * goes through one outbox and one port, so the gateway sees operations and outcomes in the order in which
 * they were made. The outbox leaves once what runs now has run: a batch empties it itself; anything later
 * does so by `process.nextTick`.
 */
import { type ErrorData, GatewayError } from '../../shared/errors.js'
import { type AbortReason, type InboxMessage, type InboxReader, readInbox } from '../../shared/link/inbox.js'
import type { OutboxMessage } from '../../shared/link/outbox.js'
import { Outbox } from '../../shared/link/outbox-writer.js'
import { isRequestError } from '../../shared/request-error.js'
import { monotonic, nextTick, queueMicrotask } from '../runtime/own-time.js'
import { KeyLock } from './key-lock.js'

/** Milliseconds after which the outbox leaves although its batch still runs. */
const longestWait = 1

/**
 * Operations that want acks leave at once when there are so many of them, and half of all that wait: the
 * gateway works on them while the next are made.
 */
const leastToLeave = 16
const shareToLeave = 1 / 2

/** What carries it: a MessagePort, or what stands for one in a process. */
export interface LinkPort {
  on(event: 'message', listener: (message: InboxMessage) => void): void
  postMessage(message: OutboxMessage): void
  unref(): void
}

/** What the gateway refused, with the newest state where it sent that along. */
export class Refused extends GatewayError {
  readonly #newest: string

  constructor(error: ErrorData, newest: string) {
    super(error)
    this.#newest = newest
  }

  get newest(): string {
    return this.#newest
  }

  static {
    // To a handler it is an error like any other of the table.
    Refused.prototype.name = 'GatewayError'
  }
}

/**
 * Lets the stack of a refusal, which is made where the gateway's answer is read, show who awaits it: V8 tells
 * that to an async function in between. A promise that nobody awaits, and that fails, ends no worker: the log
 * is told of it.
 */
export function traced<Result>(promise: Promise<Result>): Promise<Result> {
  const answer: Promise<Result> = (async () => {
    try {
      return await promise
    } catch (error) {
      try {
        if (error instanceof GatewayError && !isRequestError(error)) Error.captureStackTrace(error)
      } finally {
        // Not any earlier: V8 follows only promises that one alone waits for.
        answer!.catch(ignore)
      }
      throw error
    }
  })()
  return answer
}

/** What an operation's ack says: mostly no more than that it came. */
export type AckValue = string | undefined

/** An operation that waits for its answer. */
class Waiting {
  resolve!: (value: AckValue) => void
  reject!: (error: Error) => void
  readonly answer = new Promise<AckValue>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

function ignore(): void {}

export class Link implements InboxReader {
  readonly outbox = new Outbox()
  /** Where updates of one key wait for each other. */
  readonly keyLock = new KeyLock()
  readonly #port: LinkPort
  readonly #onAbort: (rid: number, reason: AbortReason) => void
  readonly #waiting = new Map<number, Waiting>()
  #lastAck = 0
  /** Operations in the outbox that wait for their acks. */
  #called = 0
  #isInBatch = false
  #isLeaving = false
  #lastLeft = 0

  constructor(port: LinkPort, onAbort: (rid: number, reason: AbortReason) => void) {
    this.#port = port
    this.#onAbort = onAbort
    port.on('message', message => readInbox(message, this))
    // A thread lives as long as its pool wants it to, and no longer for the sake of this port.
    port.unref()
  }

  /**
   * Asks for something whose answer is wanted. `write` puts it into the outbox with the number it is given.
   * The promise that nobody awaits is no unhandled rejection: the gateway has told of what it refused.
   */
  call<Value = void>(write: (ack: number) => void): Promise<Value> {
    const waiting = new Waiting()
    this.#waiting.set(++this.#lastAck, waiting)
    write(this.#lastAck)
    const isEnough = ++this.#called >= leastToLeave && this.#called >= this.#waiting.size * shareToLeave
    if (isEnough) this.leave()
    else this.leaveSoon()
    return waiting.answer as Promise<Value>
  }

  /**
   * Keeps the outbox until `release`, but for `leaveIfDue`: a batch begins, and sends all of it in one
   * message.
   */
  beginBatch(): void {
    this.#isInBatch = true
  }

  endBatch(): void {
    this.#isInBatch = false
    this.leave()
  }

  /** Lets the outbox leave once all that runs now, microtasks included, has run. */
  leaveSoon(): void {
    if (this.#isInBatch || this.#isLeaving) return
    this.#isLeaving = true
    queueMicrotask(this.#afterMicrotasks)
  }

  /** Lets the outbox leave if it did not for long. For a batch that runs on. */
  leaveIfDue(time: number): void {
    if (time - this.#lastLeft >= longestWait) this.leave(time)
  }

  leave(time = monotonic()): void {
    this.#lastLeft = time
    this.#called = 0
    if (!this.outbox.isEmpty) this.#port.postMessage(this.outbox.take())
  }

  acked(ack: number, value: string): void {
    this.#answer(ack)?.resolve(value === '' ? undefined : value)
  }

  refused(ack: number, error: ErrorData, newest: string): void {
    const waiting = this.#answer(ack)
    waiting?.answer.catch(ignore)
    waiting?.reject(new Refused(error, newest))
  }

  aborted(rid: number, reason: AbortReason): void {
    this.#onAbort(rid, reason)
  }

  #answer(ack: number): Waiting | undefined {
    const waiting = this.#waiting.get(ack)
    this.#waiting.delete(ack)
    return waiting
  }

  // A tick that is asked for by a microtask comes after all microtasks, and so after all that handlers do
  // now.
  readonly #afterMicrotasks = () => nextTick(this.#leaveNow)

  readonly #leaveNow = () => {
    this.#isLeaving = false
    this.leave()
  }
}
