/**
 * What a worker sends the gateway over its link: the operations of its handlers and the outcomes of its
 * requests, in the order in which they were made, many in one message. An `Outbox` (outbox-writer.ts) writes the
 * message, `readOutbox` (outbox-reader.ts) gives each item to the reader's method that bears its name. A message is
 * one flat array: the item's kind, then its fields. What the operations that follow have in common is said once, by
 * an origin.
 */
import type { ErrorData } from '../errors.js'
import type { EventText } from '../events/event.js'
import type { LogLevel } from '../text/log.js'

export type OutboxMessage = (string | number | null)[]

/** What every operation says of itself. */
export interface OperationHead {
  /** The request that asked for it; 0 for none. */
  readonly rid: number
  /**
   * The copy of the session that it was made from; changes by one view are not foreign to it. Above 0: the turn's.
   * Below 0: one that its worker made. 0: foreign to all.
   */
  readonly viewId: number
  /** The number that its ack must carry; 0: it wants none. */
  readonly ack: number
  readonly frontendId: string
  readonly sid: number
}

/** What those that name no session say of themselves: they find sessions by uid or channel. */
export type UserOperationHead = Omit<OperationHead, 'sid' | 'viewId'>

/** What is done with what a worker says of its requests and of itself. */
export interface OutcomeReader {
  /** The outcome of a request: its reply's body, JSON with each byte as one character; '' for none. */
  reply(rid: number, body: string): void
  failed(rid: number, error: ErrorData): void
  /** The worker found the slot's next request taken back, and is done with the slot. */
  slotDone(slot: number): void
  /**
   * The next outcome of the slot's turn is of a request that did not wait for all that it asked for: until `letGo`, what comes after it
   * in its lane is not to start, here or elsewhere.
   */
  awaitOperations(slot: number): void
  goOn(slot: number): void
  /** The synchronous part of a batch is done; how many requests it started, and how many microseconds it took. */
  ready(started: number, micros: number): void
  log(level: LogLevel, message: string, fields: string): void
  /**
   * The worker is about to end, by the doing of the request `rid`, which may have ended long ago, and of its route; 0
   * and '': nobody's.
   */
  fatal(rid: number, route: string, cause: string, detail: string): void
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
  /** Sends an event to all sessions of several users, a JSON array of their uids. The ack lists who was not reached. */
  sendToUsers(head: UserOperationHead, uids: string, event: EventText): void
  join(head: OperationHead, channel: string): void
  leave(head: OperationHead, channel: string): void
  /** Lets all sessions of a user in. The ack carries how many of them are in now. */
  joinUser(head: UserOperationHead, channel: string, uid: string): void
  /** Takes all sessions of a user out. The ack carries how many of them were in. */
  leaveUser(head: UserOperationHead, channel: string, uid: string): void
  /** Sends an event to the members of a channel, but not to those whose numbers are listed. */
  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void
  /** Asks for up to `count` members of a channel, those behind the session `after`, oldest first. */
  members(head: UserOperationHead, channel: string, after: number, count: number): void
  /** Asks how many members a channel has. */
  channelSize(head: UserOperationHead, channel: string): void
  /** Asks how many sessions of a user are in a channel. */
  sessionsInChannel(head: UserOperationHead, channel: string, uid: string): void
  /** Ends a channel: nobody is in it any more. */
  destroyChannel(head: UserOperationHead, channel: string): void
}

export const outboxKinds = {
  reply: 0,
  failed: 1,
  slotDone: 2,
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
  destroyChannel: 26,
  sendToUsers: 27,
  joinUser: 28,
  leaveUser: 29,
  sessionsInChannel: 30,
  awaitOperations: 31,
  goOn: 32
} as const satisfies Record<
  keyof OutcomeReader | keyof OperationReader | keyof EventReader | 'origin',
  number
>
