/**
 * The gateway's half of an outbox: reads each item and passes it to the method of the same name.
 * All fields of an item are read before its method is called. If the method throws, the reader is already at
 * the next item and can go on there.
 */
import { exceedsBytes, maxEventBytes, maxNameBytes, maxOptionLength, maxReasonBytes } from '../check.js'
import type { ErrorData } from '../errors.js'
import { type Delivery, deliveries, type EventText } from '../events/event.js'
import { type LogLevel, logLevels } from '../text/log.js'
import { showValue } from '../text/shown.js'
import {
  type EventReader,
  type OperationHead,
  type OperationReader,
  type OutboxMessage,
  type OutcomeReader,
  outboxKinds,
  type UserOperationHead
} from './outbox.js'

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

type ItemName = keyof typeof outboxKinds

const itemNames = Object.keys(outboxKinds) as ItemName[]

/** Number of items between two readings of the clock. */
const itemsPerLook = 16

/** Thrown for a message that can't be read or makes no sense. */
export class UnreadableError extends Error {}

export class OutboxReader {
  readonly #outcomes: OutcomeReader
  readonly #operations: OperationReader
  readonly #events: EventReader
  #message: readonly unknown[] = []
  #at = 0
  #kind = 0
  #rid = 0
  readonly #head: Mutable<OperationHead> = { rid: 0, viewId: 0, ack: 0, frontendId: '', sid: 0 }
  readonly #userHead: Mutable<UserOperationHead> = { rid: 0, ack: 0, frontendId: '' }
  /** The head of the newest operation. */
  #last: UserOperationHead = this.#head

  constructor(outcomes: OutcomeReader, operations: OperationReader, events: EventReader) {
    this.#outcomes = outcomes
    this.#operations = operations
    this.#events = events
  }

  /** The name of the newest item. */
  get item(): ItemName {
    return itemNames[this.#kind] ?? 'origin'
  }

  /** The request id of the newest outcome. */
  get rid(): number {
    return this.#rid
  }

  /** The head of the newest operation. */
  get head(): UserOperationHead {
    return this.#last
  }

  /** Starts to read a message, in place of the one before. */
  begin(message: readonly unknown[]): void {
    this.#message = message
    this.#at = 0
  }

  /**
   * Passes items to their methods, in order, for about `ms` milliseconds. After a method has thrown, the next
   * call continues with the item after it.
   *
   * @returns whether all items are read
   * @throws UnreadableError, and what a method throws
   */
  read(ms: number): boolean {
    const { length } = this.#message
    let startedAt = -1
    for (let items = 1; this.#at < length; items++) {
      this.#readItem()
      if (items % itemsPerLook !== 0) continue
      const now = performance.now()
      if (startedAt === -1) startedAt = now
      else if (now - startedAt >= ms) return this.#at >= length
    }
    return true
  }

  #readItem(): void {
    const outcomes = this.#outcomes
    const operations = this.#operations
    const events = this.#events
    const kind = this.#number()
    this.#kind = kind
    switch (kind) {
      case outboxKinds.origin:
        this.#head.rid = this.#whole()
        this.#head.viewId = this.#integer()
        this.#head.frontendId = this.#text(maxOptionLength)
        this.#head.sid = this.#number()
        return
      case outboxKinds.reply:
        return outcomes.reply(this.#outcome(), this.#text())
      case outboxKinds.failed:
        return outcomes.failed(this.#outcome(), readError(this.#text(), this.#text(), this.#maybe()))
      case outboxKinds.slotDone:
        return outcomes.slotDone(this.#whole())
      case outboxKinds.awaitOperations:
        return outcomes.awaitOperations(this.#whole())
      case outboxKinds.goOn:
        return outcomes.goOn(this.#whole())
      case outboxKinds.ready:
        return outcomes.ready(this.#whole(), this.#whole())
      case outboxKinds.log:
        return outcomes.log(this.#level(), this.#text(), this.#text())
      case outboxKinds.fatal:
        return outcomes.fatal(this.#whole(), this.#text(), this.#text(), this.#text())
      case outboxKinds.push:
        return operations.push(this.#acked(), this.#text(maxNameBytes), this.#text())
      case outboxKinds.pushAll:
        return operations.pushAll(this.#acked(), this.#text())
      case outboxKinds.bind:
        return operations.bind(this.#acked(), this.#name())
      case outboxKinds.unbind:
        return operations.unbind(this.#acked(), this.#name())
      case outboxKinds.update:
        return operations.update(this.#acked(), this.#text(maxNameBytes), this.#text(), this.#text())
      case outboxKinds.commit:
        return operations.commit(this.#acked(), this.#text(), this.#whole())
      case outboxKinds.setResumeWindow:
        return operations.setResumeWindow(this.#acked(), this.#integer())
      case outboxKinds.read:
        return operations.read(this.#acked())
      case outboxKinds.readByUid:
        return operations.readByUid(this.#forUser(), this.#name())
      case outboxKinds.kick:
        return operations.kick(this.#acked(), this.#maybe(maxReasonBytes))
      case outboxKinds.kickByUid:
        return operations.kickByUid(this.#forUser(), this.#name(), this.#maybe(maxReasonBytes))
      case outboxKinds.send:
        return events.send(this.#acked(), this.#event())
      case outboxKinds.sendToUser:
        return events.sendToUser(this.#forUser(), this.#name(), this.#event(), this.#text())
      case outboxKinds.broadcast:
        return events.broadcast(this.#forUser(), this.#whole(), this.#event(), this.#text())
      case outboxKinds.sendToUsers:
        return events.sendToUsers(this.#forUser(), this.#text(), this.#event())
      case outboxKinds.join:
        return events.join(this.#acked(), this.#name())
      case outboxKinds.leave:
        return events.leave(this.#acked(), this.#name())
      case outboxKinds.joinUser:
        return events.joinUser(this.#forUser(), this.#name(), this.#name())
      case outboxKinds.leaveUser:
        return events.leaveUser(this.#forUser(), this.#name(), this.#name())
      case outboxKinds.sendToChannel:
        return events.sendToChannel(this.#forUser(), this.#name(), this.#event(), this.#text())
      case outboxKinds.members:
        return events.members(this.#forUser(), this.#name(), this.#integer(), this.#whole())
      case outboxKinds.channelSize:
        return events.channelSize(this.#forUser(), this.#name())
      case outboxKinds.sessionsInChannel:
        return events.sessionsInChannel(this.#forUser(), this.#name(), this.#name())
      case outboxKinds.destroyChannel:
        return events.destroyChannel(this.#forUser(), this.#name())
      case outboxKinds.refused: {
        const [rid, route, operation, about] = [this.#whole(), this.#text(), this.#text(), this.#text()]
        return operations.refused(rid, route, operation, about, { code: this.#text(), message: this.#text() })
      }
      default:
        throw new UnreadableError(`an outbox with an item of kind ${kind}, which nobody writes`)
    }
  }

  /**
   * Reads a text. `most`: as many characters as a worker lets pass, which counts bytes: as the gateway keeps
   * names, and trusts no worker to have checked them.
   */
  #text(most = Number.POSITIVE_INFINITY): string {
    const value = this.#message[this.#at++]
    if (typeof value !== 'string') throw this.#unreadable('a text', value)
    if (value.length > most) throw this.#unreadable(`a text of at most ${most} characters`, value)
    return value
  }

  /** Reads a uid, or the name of a channel. */
  #name(): string {
    const value = this.#text(maxNameBytes)
    if (value === '') throw this.#unreadable('a name', value)
    return value
  }

  /**
   * Reads any number. Used for fields that are only compared or looked up: a game may name a session by any
   * number.
   */
  #number(): number {
    const value = this.#message[this.#at++]
    if (typeof value !== 'number') throw this.#unreadable('a number', value)
    return value
  }

  #integer(): number {
    const value = this.#message[this.#at++]
    if (!Number.isSafeInteger(value)) throw this.#unreadable('an integer', value)
    return value as number
  }

  /**
   * Reads a count, an index, a request id or an ack number. The gateway does arithmetic with them, so wrong
   * values are refused here.
   */
  #whole(): number {
    const value = this.#message[this.#at++]
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw this.#unreadable('an integer from 0 up', value)
    return value as number
  }

  #maybe(most?: number): string | null {
    if (this.#message[this.#at] !== null) return this.#text(most)
    this.#at++
    return null
  }

  #level(): LogLevel {
    const level = this.#text()
    if (logLevels.includes(level as LogLevel)) return level as LogLevel
    throw this.#unreadable('a level of the log', level)
  }

  #outcome(): number {
    this.#rid = this.#whole()
    return this.#rid
  }

  #acked(): OperationHead {
    this.#head.ack = this.#whole()
    this.#last = this.#head
    return this.#head
  }

  #forUser(): UserOperationHead {
    this.#userHead.rid = this.#whole()
    this.#userHead.ack = this.#whole()
    this.#userHead.frontendId = this.#text(maxOptionLength)
    this.#last = this.#userHead
    return this.#userHead
  }

  #event(): EventText {
    return {
      name: this.#eventName(),
      body: this.#text(),
      rich: this.#text(),
      richOnly: this.#whole() === 1,
      delivery: this.#delivery(),
      key: this.#text(maxNameBytes)
    }
  }

  /** Reads the name of an event. What begins with a dollar, a client would take for the gateway's own. */
  #eventName(): string {
    const name = this.#text(maxEventBytes)
    if (name === '' || name.startsWith('$') || exceedsBytes(name, maxEventBytes))
      throw this.#unreadable('the name of an event', name)
    return name
  }

  #delivery(): Delivery {
    const delivery = this.#whole()
    if (delivery > deliveries.volatile) throw this.#unreadable('a delivery', delivery)
    return delivery as Delivery
  }

  #unreadable(expected: string, value: unknown): UnreadableError {
    return new UnreadableError(`an outbox with ${showValue(value)} where ${expected} belongs`)
  }
}

/** Passes all items of a message to their methods, in order. */
export function readOutbox(
  message: OutboxMessage,
  outcomes: OutcomeReader,
  operations: OperationReader,
  events: EventReader
): void {
  const reader = new OutboxReader(outcomes, operations, events)
  reader.begin(message)
  reader.read(Number.POSITIVE_INFINITY)
}

function readError(code: string, message: string, data: string | null): ErrorData {
  return data === null ? { code, message } : { code, message, data: JSON.parse(data) }
}
