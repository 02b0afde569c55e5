/**
 * The gateway's half of an outbox: reads each item and passes it to the method of the same name.
 * All fields of an item are read before its method is called. If the method throws, the reader is already at
 * the next item and can go on there.
 */
import { maxNameBytes, maxReasonBytes } from '../check.js'
import type { ErrorData } from '../errors.js'
import {
  type EventReader,
  type OperationReader,
  type OutboxMessage,
  type OutcomeReader,
  outboxKinds,
  type UserOperationHead
} from './outbox.js'
import { OutboxFields, UnreadableError } from './outbox-fields.js'

type ItemName = keyof typeof outboxKinds

const itemNames = Object.keys(outboxKinds) as ItemName[]

/** Number of items between two readings of the clock. */
const itemsPerLook = 16

export class OutboxReader {
  readonly #outcomes: OutcomeReader
  readonly #operations: OperationReader
  readonly #events: EventReader
  readonly #fields = new OutboxFields()
  #kind = 0

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
    return this.#fields.rid
  }

  /** The head of the newest operation. */
  get head(): UserOperationHead {
    return this.#fields.last
  }

  /** Starts to read a message, in place of the one before. */
  begin(message: readonly unknown[]): void {
    this.#fields.begin(message)
  }

  /**
   * Passes items to their methods, in order, for about `ms` milliseconds. After a method has thrown, the next
   * call continues with the item after it.
   *
   * @returns whether all items are read
   * @throws UnreadableError, and what a method throws
   */
  read(ms: number): boolean {
    const fields = this.#fields
    let startedAt = -1
    for (let items = 1; !fields.isAtEnd; items++) {
      this.#readItem()
      if (items % itemsPerLook !== 0) continue
      const now = performance.now()
      if (startedAt === -1) startedAt = now
      else if (now - startedAt >= ms) return fields.isAtEnd
    }
    return true
  }

  #readItem(): void {
    const outcomes = this.#outcomes
    const operations = this.#operations
    const events = this.#events
    const fields = this.#fields
    const kind = fields.number()
    this.#kind = kind
    switch (kind) {
      case outboxKinds.origin:
        return fields.origin()
      case outboxKinds.reply:
        return outcomes.reply(fields.outcome(), fields.text())
      case outboxKinds.failed:
        return outcomes.failed(fields.outcome(), readError(fields.text(), fields.text(), fields.maybe()))
      case outboxKinds.slotDone:
        return outcomes.slotDone(fields.whole())
      case outboxKinds.awaitOperations:
        return outcomes.awaitOperations(fields.whole())
      case outboxKinds.goOn:
        return outcomes.goOn(fields.whole())
      case outboxKinds.ready:
        return outcomes.ready(fields.whole(), fields.whole())
      case outboxKinds.log:
        return outcomes.log(fields.level(), fields.text(), fields.text())
      case outboxKinds.fatal:
        return outcomes.fatal(fields.whole(), fields.text(), fields.text(), fields.text())
      case outboxKinds.push:
        return operations.push(fields.acked(), fields.text(maxNameBytes), fields.text())
      case outboxKinds.pushAll:
        return operations.pushAll(fields.acked(), fields.text())
      case outboxKinds.bind:
        return operations.bind(fields.acked(), fields.name())
      case outboxKinds.unbind:
        return operations.unbind(fields.acked(), fields.name())
      case outboxKinds.update:
        return operations.update(fields.acked(), fields.text(maxNameBytes), fields.text(), fields.text())
      case outboxKinds.commit:
        return operations.commit(fields.acked(), fields.text(), fields.whole())
      case outboxKinds.setResumeWindow:
        return operations.setResumeWindow(fields.acked(), fields.integer())
      case outboxKinds.read:
        return operations.read(fields.acked())
      case outboxKinds.readByUid:
        return operations.readByUid(fields.forUser(), fields.name())
      case outboxKinds.kick:
        return operations.kick(fields.acked(), fields.maybe(maxReasonBytes))
      case outboxKinds.kickByUid:
        return operations.kickByUid(fields.forUser(), fields.name(), fields.maybe(maxReasonBytes))
      case outboxKinds.send:
        return events.send(fields.acked(), fields.event())
      case outboxKinds.sendToUser:
        return events.sendToUser(fields.forUser(), fields.name(), fields.event(), fields.text())
      case outboxKinds.broadcast:
        return events.broadcast(fields.forUser(), fields.whole(), fields.event(), fields.text())
      case outboxKinds.sendToUsers:
        return events.sendToUsers(fields.forUser(), fields.text(), fields.event())
      case outboxKinds.join:
        return events.join(fields.acked(), fields.name())
      case outboxKinds.leave:
        return events.leave(fields.acked(), fields.name())
      case outboxKinds.joinUser:
        return events.joinUser(fields.forUser(), fields.name(), fields.name())
      case outboxKinds.leaveUser:
        return events.leaveUser(fields.forUser(), fields.name(), fields.name())
      case outboxKinds.sendToChannel:
        return events.sendToChannel(fields.forUser(), fields.name(), fields.event(), fields.text())
      case outboxKinds.members:
        return events.members(fields.forUser(), fields.name(), fields.integer(), fields.whole())
      case outboxKinds.channelSize:
        return events.channelSize(fields.forUser(), fields.name())
      case outboxKinds.sessionsInChannel:
        return events.sessionsInChannel(fields.forUser(), fields.name(), fields.name())
      case outboxKinds.destroyChannel:
        return events.destroyChannel(fields.forUser(), fields.name())
      case outboxKinds.refused: {
        const [rid, route, operation, about] = [fields.whole(), fields.text(), fields.text(), fields.text()]
        return operations.refused(rid, route, operation, about, {
          code: fields.text(),
          message: fields.text()
        })
      }
      default:
        throw new UnreadableError(`an outbox with an item of kind ${kind}, which nobody writes`)
    }
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
