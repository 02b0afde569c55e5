/**
 * The worker's end of the link: sends operations and outcomes, and receives the gateway's answers.
 * Everything goes through one outbox and one port, so the gateway sees operations and outcomes in the order
 * in which they were made. A batch sends the outbox at its end. At any other time, `process.nextTick` sends
 * it after the code that runs now.
 */
import { type ErrorData, GatewayError } from '../../shared/errors.js'
import type { FromWorker, Hello, InspectorReport } from '../../shared/link/hello.js'
import { type AbortReason, type InboxMessage, type InboxReader, readInbox } from '../../shared/link/inbox.js'
import { Outbox } from '../../shared/link/outbox-writer.js'
import { isRequestError } from '../../shared/request-error.js'
import { isInstance } from '../../shared/text/instance.js'
import { monotonic, nextTick, queueMicrotask, setImmediate } from '../runtime/own-time.js'
import { KeyLock } from './key-lock.js'

/** Milliseconds after which the outbox is sent although its batch still runs. */
const longestWait = 1

/**
 * Milliseconds for which a round of the event loop may settle pushes. Later pushes are settled in the next
 * round, so that acks, aborts and timers get through while a handler pushes in a loop.
 */
const longestRound = 5

/**
 * Thresholds for sending the outbox at once: the number of operations in it that want acks, and their share
 * of all operations that wait for an ack. The gateway then works on them while the worker makes more.
 */
const leastToLeave = 16
const shareToLeave = 1 / 2

/** The port of a link: a MessagePort, or its substitute in a process. */
export interface LinkPort {
  on(event: 'message', listener: (message: InboxMessage) => void): void
  postMessage(message: Exclude<FromWorker, Hello | InspectorReport>): void
  unref(): void
}

/** The gateway's refusal of an operation. */
export class Refused extends GatewayError {
  readonly #newest: string

  constructor(error: ErrorData, newest: string) {
    super(error)
    this.#newest = newest
  }

  /** The key's newest text after the conflict of an update; '' otherwise, and for a missing key. */
  get newest(): string {
    return this.#newest
  }

  static {
    // To a handler it looks like any other coded error.
    Refused.prototype.name = 'GatewayError'
  }
}

/**
 * Makes the stack of a refusal show the code that awaits it. The error itself is created where the gateway's
 * answer is read. V8 finds the awaiting code only through an async function in between. An unhandled
 * rejection does not end the worker, since it is logged anyway.
 */
export function traced<Result>(promise: Promise<Result>): Promise<Result> {
  const answer: Promise<Result> = (async () => {
    try {
      return await promise
    } catch (error) {
      if (isInstance(error, GatewayError) && !isRequestError(error)) captureStack(error)
      // Added only after the capture, because V8 follows only promises with a single listener.
      answer!.catch(ignore)
      throw error
    }
  })()
  return answer
}

/** The value of an ack; undefined for most acks. */
export type AckValue = string | undefined

/** An operation that waits for its ack or refusal. */
class Waiting {
  resolve!: (value: AckValue) => void
  reject!: (error: Error) => void
  readonly answer = new Promise<AckValue>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/** Does nothing for an error that the game has frozen. */
function captureStack(error: Error): void {
  try {
    Error.captureStackTrace(error, captureStack)
  } catch {}
}

function ignore(): void {}

export class Link implements InboxReader {
  readonly outbox = new Outbox()
  /** Orders concurrent updates of one key. */
  readonly keyLock = new KeyLock()
  readonly #port: LinkPort
  readonly #onAbort: (rid: number, reason: AbortReason) => void
  readonly #waiting = new Map<number, Waiting>()
  #lastAck = 0
  /** Number of operations in the outbox that want acks. */
  #called = 0
  #isInBatch = false
  #isLeaving = false
  #lastLeft = 0
  /** Resolves when the items in the outbox have left; undefined if nobody waits for that. */
  #left: Promise<void> | undefined
  #tellLeft: (() => void) | undefined
  /** Time at which the event loop's round has first settled a push; undefined if it has settled none. */
  #roundStartedAt: number | undefined

  constructor(port: LinkPort, onAbort: (rid: number, reason: AbortReason) => void) {
    this.#port = port
    this.#onAbort = onAbort
    port.on('message', message => readInbox(message, this))
    // The pool decides how long a thread lives; this port must not keep it alive.
    port.unref()
  }

  /**
   * Sends an operation and returns its answer. `write` puts the operation into the outbox with the given ack
   * number. An unhandled rejection does not end the worker, since the gateway has logged the refusal.
   */
  call<Value = void>(write: (ack: number) => void): Promise<Value> {
    const waiting = new Waiting()
    const ack = ++this.#lastAck
    write(ack)
    this.#waiting.set(ack, waiting)
    const isEnough = ++this.#called >= leastToLeave && this.#called >= this.#waiting.size * shareToLeave
    if (isEnough) this.leave()
    else this.leaveSoon()
    return waiting.answer as Promise<Value>
  }

  /**
   * Resolves once all items that are in the outbox now have been posted. From then on they reach the gateway
   * even if this thread ends, and before anything that is posted later.
   */
  whenLeft(): Promise<void> {
    if (this.#roundStartedAt === undefined) {
      this.#roundStartedAt = monotonic()
      setImmediate(this.#endRound)
    }
    this.#left ??= new Promise(resolve => {
      this.#tellLeft = resolve
    })
    this.leaveSoon()
    return this.#left
  }

  /**
   * Sends the outbox of a batch that goes on, if `whenLeft` waits for that. Returns false if it does not, or
   * if the batch has to end because the round has lasted for too long.
   */
  leaveForPushes(): boolean {
    const time = monotonic()
    if (this.#left === undefined || this.#isRoundOver(time)) return false
    this.leave(time)
    return true
  }

  /**
   * Keeps the outbox until `endBatch`, so that a batch is answered in one message if possible. Only
   * `leaveIfDue`, and `call` with many operations, send it earlier.
   */
  beginBatch(): void {
    this.#isInBatch = true
  }

  /** Sends the outbox of a batch. */
  endBatch(): void {
    this.#isInBatch = false
    this.leave()
  }

  /** Sends the outbox once all code that runs now, including microtasks, has run. */
  leaveSoon(): void {
    if (this.#isInBatch || this.#isLeaving) return
    this.#isLeaving = true
    queueMicrotask(this.#afterMicrotasks)
  }

  /** Sends the outbox if it has waited for too long. Called by a batch that still runs. */
  leaveIfDue(time: number): void {
    if (time - this.#lastLeft >= longestWait) this.leave(time)
  }

  /** Sends the outbox now. */
  leave(time = monotonic()): void {
    this.#lastLeft = time
    this.#called = 0
    if (!this.outbox.isEmpty) this.#port.postMessage(this.outbox.take())
    if (this.#left !== undefined && !this.#isRoundOver(time)) this.#settleLeft()
  }

  #isRoundOver(time: number): boolean {
    return this.#roundStartedAt !== undefined && time - this.#roundStartedAt >= longestRound
  }

  #settleLeft(): void {
    const tellLeft = this.#tellLeft
    this.#left = undefined
    this.#tellLeft = undefined
    tellLeft?.()
  }

  acked(ack: number, value: string): void {
    this.#answer(ack)?.resolve(value === '' ? undefined : value)
  }

  refused(ack: number, error: ErrorData, newest: string): void {
    const waiting = this.#answer(ack)
    waiting?.answer.catch(ignore)
    waiting?.reject(new Refused(error, newest))
  }

  /** Rejects all operations that wait for their answers: no answer comes any more. */
  refuseAll(error: Error): void {
    for (const { answer, reject } of this.#waiting.values()) {
      answer.catch(ignore)
      reject(error)
    }
    this.#waiting.clear()
  }

  aborted(rid: number, reason: AbortReason): void {
    this.#onAbort(rid, reason)
  }

  #answer(ack: number): Waiting | undefined {
    const waiting = this.#waiting.get(ack)
    this.#waiting.delete(ack)
    return waiting
  }

  // A `nextTick` callback that a microtask schedules runs after all microtasks, and so after all code of
  // handlers that runs now.
  readonly #afterMicrotasks = () => nextTick(this.#leaveNow)

  readonly #leaveNow = () => {
    this.#isLeaving = false
    this.leave()
  }

  readonly #endRound = () => {
    this.#roundStartedAt = undefined
    if (this.#left !== undefined) this.leave()
  }
}
