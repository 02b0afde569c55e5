/**
 * Messages that the gateway has not acknowledged, oldest first. Messages that were written to a lost
 * connection may be written again to the next; the others were never sent. Owned by the Conversation.
 */
import { wireErrors } from '../../shared/wire-errors.js'
import type { ClientMessage } from './message.js'

export class Outbox {
  readonly #limit: number
  #messages: ClientMessage[] = []
  /** Number of messages that the gateway has acknowledged: those before the first one here. */
  #acknowledged = 0
  /** Number of messages here that were written to the current connection. */
  #written = 0
  /** Number of messages here that were ever written to any connection. */
  #everWritten = 0
  #bytes = 0

  /** Creates an empty outbox. `limit`: the bytes that it may hold. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#messages.length
  }

  /**
   * Adds a message.
   *
   * @throws `OUTBOX_FULL`
   */
  add(message: ClientMessage): void {
    if (this.#bytes + message.size > this.#limit) throw wireErrors.outboxFull(this.#limit)
    this.#messages.push(message)
    this.#bytes += message.size
  }

  /** Removes a message if it was never written. Returns whether it was removed. */
  remove(message: ClientMessage): boolean {
    const at = this.#messages.indexOf(message, this.#everWritten)
    if (at < 0) return false
    this.#messages.splice(at, 1)
    this.#bytes -= message.size
    return true
  }

  /** Whether a message was ever written to a connection. */
  hasLeft(message: ClientMessage): boolean {
    const at = this.#messages.indexOf(message)
    return at < 0 || at < this.#everWritten
  }

  /** Returns the next message to write; undefined: there is none. */
  next(): ClientMessage | undefined {
    const message = this.#messages[this.#written]
    if (message === undefined) return undefined
    this.#written++
    this.#everWritten = Math.max(this.#everWritten, this.#written)
    return message
  }

  /** Begins again at the first message, for a new connection. */
  rewind(): void {
    this.#written = 0
  }

  /**
   * Drops the messages that the gateway has received, by its count. Returns false if it counts more than were
   * written.
   */
  acknowledge(count: number): boolean {
    const done = count - this.#acknowledged
    if (done > this.#everWritten) return false
    for (const message of this.#messages.splice(0, Math.max(0, done))) {
      this.#acknowledged++
      this.#written--
      this.#everWritten--
      this.#bytes -= message.size
    }
    this.#written = Math.max(0, this.#written)
    return true
  }

  /**
   * Drops the messages that were written. Used where the gateway does not count: there, nothing is ever
   * written twice.
   */
  acknowledgeWritten(): void {
    this.acknowledge(this.#acknowledged + this.#written)
  }

  /**
   * Drops all messages and resets the counts, for a new session. `acknowledged`: the messages that the
   * gateway has received, if another client of the same session has sent some.
   */
  clear(acknowledged = 0): void {
    this.#messages = []
    this.#acknowledged = acknowledged
    this.#written = 0
    this.#everWritten = 0
    this.#bytes = 0
  }
}
