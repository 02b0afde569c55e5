/**
 * The worker's half of an outbox: collects items, which the link sends as one message.
 * The fields that consecutive operations have in common are written once, in an `origin` item.
 */
import type { ErrorData } from '../errors.js'
import type { EventText } from '../events/event.js'
import type { LogLevel } from '../text/log.js'
import {
  type EventReader,
  type OperationHead,
  type OperationReader,
  type OutboxMessage,
  type OutcomeReader,
  outboxKinds,
  type UserOperationHead
} from './outbox.js'

export class Outbox implements OutcomeReader, OperationReader, EventReader {
  #items: OutboxMessage = []
  /** The fields of the newest origin in the message. The initial ids match no request and no session. */
  #rid = -1
  #viewId = 0
  #sid = -1
  #frontendId = ''

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** Removes and returns the message so far. */
  take(): OutboxMessage {
    const items = this.#items
    this.#items = []
    this.#rid = -1
    return items
  }

  reply(rid: number, body: string): void {
    this.#items.push(outboxKinds.reply, rid, body)
  }

  failed(rid: number, error: ErrorData): void {
    const data = error.data === undefined ? null : JSON.stringify(error.data)
    this.#items.push(outboxKinds.failed, rid, error.code, error.message, data ?? null)
  }

  slotDone(slot: number): void {
    this.#items.push(outboxKinds.slotDone, slot)
  }

  awaitOperations(slot: number): void {
    this.#items.push(outboxKinds.awaitOperations, slot)
  }

  goOn(slot: number): void {
    this.#items.push(outboxKinds.goOn, slot)
  }

  ready(started: number, micros: number): void {
    this.#items.push(outboxKinds.ready, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#items.push(outboxKinds.log, level, message, fields)
  }

  fatal(rid: number, route: string, cause: string, detail: string): void {
    this.#items.push(outboxKinds.fatal, rid, route, cause, detail)
  }

  push(head: OperationHead, key: string, text: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.push, head.ack, key, text)
  }

  pushAll(head: OperationHead, settings: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.pushAll, head.ack, settings)
  }

  bind(head: OperationHead, uid: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.bind, head.ack, uid)
  }

  unbind(head: OperationHead, uid: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.unbind, head.ack, uid)
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.update, head.ack, key, text, before)
  }

  commit(head: OperationHead, settings: string, version: number): void {
    this.#begin(head)
    this.#items.push(outboxKinds.commit, head.ack, settings, version)
  }

  read(head: OperationHead): void {
    this.#begin(head)
    this.#items.push(outboxKinds.read, head.ack)
  }

  readByUid(head: UserOperationHead, uid: string): void {
    this.#beginForUser(outboxKinds.readByUid, head)
    this.#items.push(uid)
  }

  setResumeWindow(head: OperationHead, ms: number): void {
    this.#begin(head)
    this.#items.push(outboxKinds.setResumeWindow, head.ack, ms)
  }

  kick(head: OperationHead, reason: string | null): void {
    this.#begin(head)
    this.#items.push(outboxKinds.kick, head.ack, reason)
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    this.#beginForUser(outboxKinds.kickByUid, head)
    this.#items.push(uid, reason)
  }

  send(head: OperationHead, event: EventText): void {
    this.#begin(head)
    this.#items.push(outboxKinds.send, head.ack)
    this.#addEvent(event)
  }

  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.sendToUser, head)
    this.#items.push(uid)
    this.#addEvent(event)
    this.#items.push(except)
  }

  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.broadcast, head)
    this.#items.push(bound)
    this.#addEvent(event)
    this.#items.push(except)
  }

  sendToUsers(head: UserOperationHead, uids: string, event: EventText): void {
    this.#beginForUser(outboxKinds.sendToUsers, head)
    this.#items.push(uids)
    this.#addEvent(event)
  }

  join(head: OperationHead, channel: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.join, head.ack, channel)
  }

  leave(head: OperationHead, channel: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.leave, head.ack, channel)
  }

  joinUser(head: UserOperationHead, channel: string, uid: string): void {
    this.#beginForUser(outboxKinds.joinUser, head)
    this.#items.push(channel, uid)
  }

  leaveUser(head: UserOperationHead, channel: string, uid: string): void {
    this.#beginForUser(outboxKinds.leaveUser, head)
    this.#items.push(channel, uid)
  }

  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.sendToChannel, head)
    this.#items.push(channel)
    this.#addEvent(event)
    this.#items.push(except)
  }

  members(head: UserOperationHead, channel: string, after: number, count: number): void {
    this.#beginForUser(outboxKinds.members, head)
    this.#items.push(channel, after, count)
  }

  channelSize(head: UserOperationHead, channel: string): void {
    this.#beginForUser(outboxKinds.channelSize, head)
    this.#items.push(channel)
  }

  sessionsInChannel(head: UserOperationHead, channel: string, uid: string): void {
    this.#beginForUser(outboxKinds.sessionsInChannel, head)
    this.#items.push(channel, uid)
  }

  destroyChannel(head: UserOperationHead, channel: string): void {
    this.#beginForUser(outboxKinds.destroyChannel, head)
    this.#items.push(channel)
  }

  refused(rid: number, route: string, operation: string, about: string, error: ErrorData): void {
    this.#items.push(outboxKinds.refused, rid, route, operation, about, error.code, error.message)
  }

  #addEvent({ name, body, rich, richOnly, delivery, key }: EventText): void {
    this.#items.push(name, body, rich, richOnly ? 1 : 0, delivery, key)
  }

  #beginForUser(kind: number, { rid, ack, frontendId }: UserOperationHead): void {
    this.#items.push(kind, rid, ack, frontendId)
  }

  /** Writes an origin, if the next operation's differs from the one before. */
  #begin({ rid, viewId, sid, frontendId }: OperationHead): void {
    if (rid === this.#rid && viewId === this.#viewId && sid === this.#sid && frontendId === this.#frontendId)
      return
    this.#rid = rid
    this.#viewId = viewId
    this.#sid = sid
    this.#frontendId = frontendId
    this.#items.push(outboxKinds.origin, rid, viewId, frontendId, sid)
  }
}
