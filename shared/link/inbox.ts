/**
 * The inbox of a worker: the gateway's messages over the link, except for batches.
 * It holds acks of operations, and aborts of requests that were decided without their handler. Like an
 * outbox, a message is one flat array.
 */
import type { ErrorData } from '../errors.js'

export type InboxMessage = (string | number | null)[]

/** The reason why a request's `signal` is aborted. */
export type AbortReason = 'timeout' | 'session closed' | 'shutdown'

export interface InboxReader {
  /** The operation has been applied. `value` is the answer to a read, otherwise ''. */
  acked(ack: number, value: string): void
  /**
   * The operation was refused. `value` is the key's newest text if an update met a conflict, otherwise ''.
   */
  refused(ack: number, error: ErrorData, value: string): void
  aborted(rid: number, reason: AbortReason): void
}

export const inboxKinds = { acked: 0, refused: 1, aborted: 2, allAcked: 3 } as const satisfies Record<
  keyof InboxReader | 'allAcked',
  number
>

/** The gateway's half: collects items into a message. */
export class Inbox implements InboxReader {
  #items: InboxMessage = []
  /** Index of the last ack number of a range, if the message ends with a range. */
  #lastAckAt = -1

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** Removes and returns the message so far. */
  take(): InboxMessage {
    const items = this.#items
    this.#items = []
    this.#lastAckAt = -1
    return items
  }

  acked(ack: number, value: string): void {
    const items = this.#items
    if (value !== '') items.push(inboxKinds.acked, ack, value)
    else if (this.#lastAckAt === items.length - 1 && items[this.#lastAckAt] === ack - 1)
      items[this.#lastAckAt] = ack
    // Most acks carry no value and have consecutive numbers, so they are written as a range.
    else this.#lastAckAt = items.push(inboxKinds.allAcked, ack, ack) - 1
  }

  refused(ack: number, error: ErrorData, value: string): void {
    this.#items.push(inboxKinds.refused, ack, error.code, error.message, value)
  }

  aborted(rid: number, reason: AbortReason): void {
    this.#items.push(inboxKinds.aborted, rid, reason)
  }
}

/** Acks of a range; far more than any message has, so that no malformed one takes forever. */
const mostInRange = 2 ** 24

/** The worker's half: passes each item of a message to the reader's method, in order. */
export function readInbox(message: InboxMessage, to: InboxReader): void {
  let at = 0
  const text = () => message[at++] as string
  const number = () => message[at++] as number
  while (at < message.length) {
    const kind = number()
    switch (kind) {
      case inboxKinds.acked:
        to.acked(number(), text())
        break
      case inboxKinds.allAcked: {
        const first = number()
        const last = number()
        if (!(last - first < mostInRange)) throw new Error(`An inbox acks ${first} to ${last}`)
        for (let ack = first; ack <= last; ack++) to.acked(ack, '')
        break
      }
      case inboxKinds.refused:
        to.refused(number(), { code: text(), message: text() }, text())
        break
      case inboxKinds.aborted:
        to.aborted(number(), text() as AbortReason)
        break
      default:
        throw new Error(`An inbox holds an item of kind ${kind}, which nobody writes`)
    }
  }
}
