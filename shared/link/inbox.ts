/**
 * What the gateway sends a worker over its link: acks of operations, and aborts of requests that were decided
 * without their handler. (Work itself comes as batches.) Written and read as the outbox is, one flat array.
 */
import type { ErrorData } from '../errors.js'

export type InboxMessage = (string | number | null)[]

/** Why a request's `signal` aborts. */
export type AbortReason = 'timeout' | 'session closed' | 'shutdown'

export interface InboxReader {
  /** The operation is in force; `value` is what a read asked for, else ''. */
  acked(ack: number, value: string): void
  /** The operation was refused. `value` is the key's newest text where an update met a conflict, else ''. */
  refused(ack: number, error: ErrorData, value: string): void
  aborted(rid: number, reason: AbortReason): void
}

const kinds = { acked: 0, refused: 1, aborted: 2, allAcked: 3 } as const satisfies Record<
  keyof InboxReader | 'allAcked',
  number
>

export class Inbox implements InboxReader {
  #items: InboxMessage = []
  /** Where the last ack of a row of them stands, if the message ends with one. */
  #lastAckAt = -1

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  take(): InboxMessage {
    const items = this.#items
    this.#items = []
    this.#lastAckAt = -1
    return items
  }

  acked(ack: number, value: string): void {
    const items = this.#items
    if (value !== '') items.push(kinds.acked, ack, value)
    else if (this.#lastAckAt === items.length - 1 && items[this.#lastAckAt] === ack - 1)
      items[this.#lastAckAt] = ack
    // Most acks say nothing but that, and most come in a row: from, to.
    else this.#lastAckAt = items.push(kinds.allAcked, ack, ack) - 1
  }

  refused(ack: number, error: ErrorData, value: string): void {
    this.#items.push(kinds.refused, ack, error.code, error.message, value)
  }

  aborted(rid: number, reason: AbortReason): void {
    this.#items.push(kinds.aborted, rid, reason)
  }
}

export function readInbox(message: InboxMessage, to: InboxReader): void {
  let at = 0
  const text = () => message[at++] as string
  const number = () => message[at++] as number
  while (at < message.length) {
    const kind = number()
    switch (kind) {
      case kinds.acked:
        to.acked(number(), text())
        break
      case kinds.allAcked: {
        const first = number()
        const last = number()
        for (let ack = first; ack <= last; ack++) to.acked(ack, '')
        break
      }
      case kinds.refused:
        to.refused(number(), { code: text(), message: text() }, text())
        break
      case kinds.aborted:
        to.aborted(number(), text() as AbortReason)
        break
      default:
        throw new Error(`An inbox holds an item of kind ${kind}, which nobody writes`)
    }
  }
}
