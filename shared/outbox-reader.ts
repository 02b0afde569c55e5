/** The gateway's half of an outbox message: finds each item and gives it to the reader's method that bears its name. */
import type { ErrorData } from './errors.js'
import type { Delivery, EventText } from './event.js'
import type { LogLevel } from './log.js'
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

/** Gives each item of a message to its method, in order. */
export function readOutbox(
  message: OutboxMessage,
  outcomes: OutcomeReader,
  operations: OperationReader,
  events: EventReader
): void {
  let at = 0
  const text = () => message[at++] as string
  const number = () => message[at++] as number
  const maybe = () => message[at++] as string | null
  let head: Mutable<OperationHead> = { rid: 0, view: 0, ack: 0, frontendId: '', sid: 0 }
  const acked = (): OperationHead => {
    head.ack = number()
    return head
  }
  const userHead = (): UserOperationHead => ({ rid: number(), ack: number(), frontendId: text() })
  const eventText = (): EventText => ({
    name: text(),
    body: text(),
    rich: text(),
    richOnly: number() === 1,
    delivery: number() as Delivery,
    key: text()
  })
  while (at < message.length) {
    const kind = number()
    switch (kind) {
      case outboxKinds.origin:
        head = { rid: number(), view: number(), ack: 0, frontendId: text(), sid: number() }
        break
      case outboxKinds.reply:
        outcomes.reply(number(), text())
        break
      case outboxKinds.failed:
        outcomes.failed(number(), readError(text(), text(), maybe()))
        break
      case outboxKinds.released:
        outcomes.released(number())
        break
      case outboxKinds.held:
        outcomes.held(number())
        break
      case outboxKinds.letGo:
        outcomes.letGo(number())
        break
      case outboxKinds.ready:
        outcomes.ready(number(), number())
        break
      case outboxKinds.log:
        outcomes.log(text() as LogLevel, text(), text())
        break
      case outboxKinds.fatal:
        outcomes.fatal(number(), text(), text(), text())
        break
      case outboxKinds.push:
        operations.push(acked(), text(), text())
        break
      case outboxKinds.pushAll:
        operations.pushAll(acked(), text())
        break
      case outboxKinds.bind:
        operations.bind(acked(), text())
        break
      case outboxKinds.unbind:
        operations.unbind(acked(), text())
        break
      case outboxKinds.update:
        operations.update(acked(), text(), text(), text())
        break
      case outboxKinds.commit:
        operations.commit(acked(), text(), number())
        break
      case outboxKinds.read:
        operations.read(acked())
        break
      case outboxKinds.readByUid:
        operations.readByUid(userHead(), text())
        break
      case outboxKinds.kick:
        operations.kick(acked(), maybe())
        break
      case outboxKinds.kickByUid:
        operations.kickByUid(userHead(), text(), maybe())
        break
      case outboxKinds.send:
        events.send(acked(), eventText())
        break
      case outboxKinds.sendToUser:
        events.sendToUser(userHead(), text(), eventText(), text())
        break
      case outboxKinds.broadcast:
        events.broadcast(userHead(), number(), eventText(), text())
        break
      case outboxKinds.sendToUsers:
        events.sendToUsers(userHead(), text(), eventText())
        break
      case outboxKinds.join:
        events.join(acked(), text())
        break
      case outboxKinds.leave:
        events.leave(acked(), text())
        break
      case outboxKinds.joinUser:
        events.joinUser(userHead(), text(), text())
        break
      case outboxKinds.leaveUser:
        events.leaveUser(userHead(), text(), text())
        break
      case outboxKinds.sendToChannel:
        events.sendToChannel(userHead(), text(), eventText(), text())
        break
      case outboxKinds.members:
        events.members(userHead(), text(), number(), number())
        break
      case outboxKinds.channelSize:
        events.channelSize(userHead(), text())
        break
      case outboxKinds.sessionsInChannel:
        events.sessionsInChannel(userHead(), text(), text())
        break
      case outboxKinds.destroyChannel:
        events.destroyChannel(userHead(), text())
        break
      case outboxKinds.refused:
        operations.refused(text(), text(), text(), { code: text(), message: text() })
        break
      default:
        throw new Error(`An outbox holds an item of kind ${kind}, which nobody writes`)
    }
  }
}

function readError(code: string, message: string, data: string | null): ErrorData {
  return data === null ? { code, message } : { code, message, data: JSON.parse(data) }
}
