/**
 * The fields of an outbox, as the gateway reads them: each is checked, since a worker may be at fault. Owned
 * by the OutboxReader, which knows which fields an item has.
 */
import { exceedsBytes, maxEventBytes, maxNameBytes, maxOptionLength } from '../check.js'
import { type Delivery, deliveries, type EventText } from '../events/event.js'
import { type LogLevel, logLevels } from '../text/log.js'
import { showValue } from '../text/shown.js'
import type { OperationHead, UserOperationHead } from './outbox.js'

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Thrown for a message that can't be read or makes no sense. */
export class UnreadableError extends Error {}

export class OutboxFields {
  #message: readonly unknown[] = []
  #at = 0
  readonly #head: Mutable<OperationHead> = { rid: 0, viewId: 0, ack: 0, frontendId: '', sid: 0 }
  readonly #userHead: Mutable<UserOperationHead> = { rid: 0, ack: 0, frontendId: '' }
  /** The request id of the newest outcome. */
  rid = 0
  /** The head of the newest operation. */
  last: UserOperationHead = this.#head

  /** Starts to read a message, in place of the one before. */
  begin(message: readonly unknown[]): void {
    this.#message = message
    this.#at = 0
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#message.length
  }

  /** Reads what the operations behind it have in common. */
  origin(): void {
    this.#head.rid = this.whole()
    this.#head.viewId = this.integer()
    this.#head.frontendId = this.text(maxOptionLength)
    this.#head.sid = this.number()
  }

  /**
   * Reads a text. `most`: as many characters as a worker lets pass, which counts bytes: as the gateway keeps
   * names, and trusts no worker to have checked them.
   */
  text(most = Number.POSITIVE_INFINITY): string {
    const value = this.#message[this.#at++]
    if (typeof value !== 'string') throw this.#unreadable('a text', value)
    if (value.length > most) throw this.#unreadable(`a text of at most ${most} characters`, value)
    return value
  }

  /** Reads a uid, or the name of a channel. */
  name(): string {
    const value = this.text(maxNameBytes)
    if (value === '') throw this.#unreadable('a name', value)
    return value
  }

  /**
   * Reads any number. Used for fields that are only compared or looked up: a game may name a session by any
   * number.
   */
  number(): number {
    const value = this.#message[this.#at++]
    if (typeof value !== 'number') throw this.#unreadable('a number', value)
    return value
  }

  integer(): number {
    const value = this.#message[this.#at++]
    if (!Number.isSafeInteger(value)) throw this.#unreadable('an integer', value)
    return value as number
  }

  /**
   * Reads a count, an index, a request id or an ack number. The gateway does arithmetic with them, so wrong
   * values are refused here.
   */
  whole(): number {
    const value = this.#message[this.#at++]
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw this.#unreadable('an integer from 0 up', value)
    return value as number
  }

  maybe(most?: number): string | null {
    if (this.#message[this.#at] !== null) return this.text(most)
    this.#at++
    return null
  }

  level(): LogLevel {
    const level = this.text()
    if (logLevels.includes(level as LogLevel)) return level as LogLevel
    throw this.#unreadable('a level of the log', level)
  }

  outcome(): number {
    this.rid = this.whole()
    return this.rid
  }

  acked(): OperationHead {
    this.#head.ack = this.whole()
    this.last = this.#head
    return this.#head
  }

  forUser(): UserOperationHead {
    this.#userHead.rid = this.whole()
    this.#userHead.ack = this.whole()
    this.#userHead.frontendId = this.text(maxOptionLength)
    this.last = this.#userHead
    return this.#userHead
  }

  event(): EventText {
    return {
      name: this.#eventName(),
      body: this.text(),
      rich: this.text(),
      richOnly: this.whole() === 1,
      delivery: this.#delivery(),
      key: this.text(maxNameBytes)
    }
  }

  /** Reads the name of an event. What begins with a dollar, a client would take for the gateway's own. */
  #eventName(): string {
    const name = this.text(maxEventBytes)
    if (name === '' || name.startsWith('$') || exceedsBytes(name, maxEventBytes))
      throw this.#unreadable('the name of an event', name)
    return name
  }

  #delivery(): Delivery {
    const delivery = this.whole()
    if (delivery > deliveries.volatile) throw this.#unreadable('a delivery', delivery)
    return delivery as Delivery
  }

  #unreadable(expected: string, value: unknown): UnreadableError {
    return new UnreadableError(`an outbox with ${showValue(value)} where ${expected} belongs`)
  }
}
