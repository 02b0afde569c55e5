/**
 * What a worker sends the gateway over its link: the operations of its handlers and the outcomes of its
 * requests, in the order in which they were made, many in one message. An Outbox writes the message, `readOutbox`
 * (outbox-reader.ts) gives each item to the reader's method that bears its name. A message is one flat array:
 * the item's kind, then its fields. What the operations that follow have in common is said once, by an origin.
 */
import type { ErrorData } from './errors.js'
import type { EventText } from './event.js'
import type { LogLevel } from './log.js'

export type OutboxMessage = (string | number | null)[]

/** What every operation says of itself. */
export interface OperationHead {
  /** The request that asked for it; 0 for none. */
  readonly rid: number
  /**
   * The copy of the session that it was made from; changes by one view are not foreign to it. Above 0: the turn's.
   * Below 0: one that its worker made. 0: foreign to all.
   */
  readonly view: number
  /** The number that its ack must carry; 0: it wants none. */
  readonly ack: number
  readonly frontendId: string
  readonly sid: number
}

/** What those that name no session say of themselves: they find sessions by uid or channel. */
export type UserOperationHead = Omit<OperationHead, 'sid' | 'view'>

/** What is done with what a worker says of its requests and of itself. */
export interface OutcomeReader {
  /** The outcome of a request: its reply's body, JSON with each byte as one character; '' for none. */
  reply(rid: number, body: string): void
  failed(rid: number, error: ErrorData): void
  /** The worker found the slot's next request taken back, and is done with the slot. */
  released(slot: number): void
  /** The synchronous part of a batch is done; how many requests it started, and how many microseconds it took. */
  ready(started: number, micros: number): void
  log(level: LogLevel, message: string, fields: string): void
  /** The worker is about to end; `rid` is the request that ended it, 0 if that can't be said. */
  fatal(rid: number, cause: string, detail: string): void
}

/** What is done with each operation. A head holds for the call: the next operation may get the same object. */
export interface OperationReader {
  /** Sets one key; text '' deletes it. */
  push(head: OperationHead, key: string, text: string): void
  /** Sets several keys: a settings text. */
  pushAll(head: OperationHead, settings: string): void
  bind(head: OperationHead, uid: string): void
  unbind(head: OperationHead, uid: string): void
  /** Sets one key if its text is still `before`; '': if there is still no such key. */
  update(head: OperationHead, key: string, text: string, before: string): void
  /** Sets several keys, all or none, unless another view changed one of them after `version`. */
  commit(head: OperationHead, settings: string, version: number): void
  /** Asks for the session as it is now. */
  read(head: OperationHead): void
  readByUid(head: UserOperationHead, uid: string): void
  kick(head: OperationHead, reason: string | null): void
  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void
  /** Tells of an operation that failed in the worker, before it was asked for; `about` is its key or uid. */
  refused(route: string, operation: string, about: string, error: ErrorData): void
}

/** What is done with each operation about events and channels. */
export interface EventReader {
  /** Sends an event to the session. Acks of what sends events carry the number of sessions that it reached. */
  send(head: OperationHead, event: EventText): void
  /** Sends an event to all sessions of a user, but not to those whose numbers are listed. */
  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void
  /** Sends an event to all sessions; only to those that are bound to a user, if `bound` is 1. */
  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void
  join(head: OperationHead, channel: string): void
  leave(head: OperationHead, channel: string): void
  /** Sends an event to the members of a channel, but not to those whose numbers are listed. */
  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void
  /** Asks for up to `count` members of a channel, those behind the session `after`, oldest first. */
  members(head: UserOperationHead, channel: string, after: number, count: number): void
  /** Asks how many members a channel has. */
  channelSize(head: UserOperationHead, channel: string): void
  /** Ends a channel: nobody is in it any more. */
  destroyChannel(head: UserOperationHead, channel: string): void
}

export const outboxKinds = {
  reply: 0,
  failed: 1,
  released: 2,
  ready: 3,
  log: 4,
  fatal: 5,
  push: 6,
  pushAll: 7,
  bind: 8,
  unbind: 9,
  update: 10,
  commit: 11,
  read: 12,
  readByUid: 13,
  kick: 14,
  kickByUid: 15,
  refused: 16,
  origin: 17,
  send: 18,
  sendToUser: 19,
  broadcast: 20,
  join: 21,
  leave: 22,
  sendToChannel: 23,
  members: 24,
  channelSize: 25,
  destroyChannel: 26
} as const satisfies Record<
  keyof OutcomeReader | keyof OperationReader | keyof EventReader | 'origin',
  number
>

/** Collects items; the worker's link takes them away as one message. */
export class Outbox implements OutcomeReader, OperationReader, EventReader {
  #items: OutboxMessage = []
  /** What the newest origin in the message says; the numbers are those of no request and no session. */
  #rid = -1
  #view = 0
  #sid = -1
  #frontendId = ''

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** The message so far; the next item begins a new one. */
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

  released(slot: number): void {
    this.#items.push(outboxKinds.released, slot)
  }

  ready(started: number, micros: number): void {
    this.#items.push(outboxKinds.ready, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#items.push(outboxKinds.log, level, message, fields)
  }

  fatal(rid: number, cause: string, detail: string): void {
    this.#items.push(outboxKinds.fatal, rid, cause, detail)
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

  kick(head: OperationHead, reason: string | null): void {
    this.#begin(head)
    this.#items.push(outboxKinds.kick, head.ack, reason)
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    this.#beginForUser(outboxKinds.kickByUid, head)
    this.#items.push(uid, reason)
  }

  send(head: OperationHead, { name, body, delivery, key }: EventText): void {
    this.#begin(head)
    this.#items.push(outboxKinds.send, head.ack, name, body, delivery, key)
  }

  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.sendToUser, head)
    this.#items.push(uid, event.name, event.body, event.delivery, event.key, except)
  }

  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.broadcast, head)
    this.#items.push(bound, event.name, event.body, event.delivery, event.key, except)
  }

  join(head: OperationHead, channel: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.join, head.ack, channel)
  }

  leave(head: OperationHead, channel: string): void {
    this.#begin(head)
    this.#items.push(outboxKinds.leave, head.ack, channel)
  }

  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void {
    this.#beginForUser(outboxKinds.sendToChannel, head)
    this.#items.push(channel, event.name, event.body, event.delivery, event.key, except)
  }

  members(head: UserOperationHead, channel: string, after: number, count: number): void {
    this.#beginForUser(outboxKinds.members, head)
    this.#items.push(channel, after, count)
  }

  channelSize(head: UserOperationHead, channel: string): void {
    this.#beginForUser(outboxKinds.channelSize, head)
    this.#items.push(channel)
  }

  destroyChannel(head: UserOperationHead, channel: string): void {
    this.#beginForUser(outboxKinds.destroyChannel, head)
    this.#items.push(channel)
  }

  refused(route: string, operation: string, about: string, { code, message }: ErrorData): void {
    this.#items.push(outboxKinds.refused, route, operation, about, code, message)
  }

  #beginForUser(kind: number, { rid, ack, frontendId }: UserOperationHead): void {
    this.#items.push(kind, rid, ack, frontendId)
  }

  /** Says whose operation comes next, if it is not the same as before. */
  #begin({ rid, view, sid, frontendId }: OperationHead): void {
    if (rid === this.#rid && view === this.#view && sid === this.#sid && frontendId === this.#frontendId)
      return
    this.#rid = rid
    this.#view = view
    this.#sid = sid
    this.#frontendId = frontendId
    this.#items.push(outboxKinds.origin, rid, view, frontendId, sid)
  }
}
