/**
 * What a client has to say: the messages that the gateway has not said it has, oldest first. Those that were
 * written to a socket may be written again to the next; the rest have never left.
 */
import { errors } from '../../shared/errors.js'
import type { ClientMessage } from './message.js'

export class Outbox {
  readonly #limit: number
  #messages: ClientMessage[] = []
  /** Messages that the gateway has: those before the first here. */
  #acknowledged = 0
  /** How many of those here were written to the present socket. */
  #written = 0
  /** How many of those here were ever written. */
  #left = 0
  #bytes = 0

  /** `limit`: bytes that it may hold. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#messages.length
  }

  /** @throws `OUTBOX_FULL` */
  add(message: ClientMessage): void {
    if (this.#bytes + message.size > this.#limit) throw errors.outboxFull(this.#limit)
    this.#messages.push(message)
    this.#bytes += message.size
  }

  /** Takes out a message, if it has never left. Gives whether it did. */
  remove(message: ClientMessage): boolean {
    const at = this.#messages.indexOf(message, this.#left)
    if (at < 0) return false
    this.#messages.splice(at, 1)
    this.#bytes -= message.size
    return true
  }

  /** Whether a message has been written to any socket. */
  hasLeft(message: ClientMessage): boolean {
    const at = this.#messages.indexOf(message)
    return at < 0 || at < this.#left
  }

  /** What is to be written next; undefined: nothing. */
  next(): ClientMessage | undefined {
    const message = this.#messages[this.#written]
    if (message === undefined) return undefined
    this.#written++
    this.#left = Math.max(this.#left, this.#written)
    return message
  }

  /** There is a new socket: all that is here is to be written to it. */
  rewind(): void {
    this.#written = 0
  }

  /** The gateway has so many messages. Gives whether that can be. */
  acknowledge(count: number): boolean {
    const done = count - this.#acknowledged
    if (done > this.#left) return false
    for (const message of this.#messages.splice(0, Math.max(0, done))) {
      this.#acknowledged++
      this.#written--
      this.#left--
      this.#bytes -= message.size
    }
    this.#written = Math.max(0, this.#written)
    return true
  }

  /** Forgets what was written: the gateway does not count, and nothing is ever written again. */
  acknowledgeWritten(): void {
    this.acknowledge(this.#acknowledged + this.#written)
  }

  /** The counts begin anew, and nothing of what was to be said is said any more. */
  clear(): void {
    this.#messages = []
    this.#acknowledged = 0
    this.#written = 0
    this.#left = 0
    this.#bytes = 0
  }
}
