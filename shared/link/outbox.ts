/**
 * The outbox of a worker: operations of handlers and outcomes of requests, as they cross the link.
 * One message holds many items, in the order in which they were made. It is one flat array: each item is its
 * kind, then its fields. An `origin` holds the fields that the operations behind it have in common. An
 * `Outbox` (outbox-writer.ts) writes a message; an `OutboxReader` (outbox-reader.ts) passes each item to the
 * method of the same name.
 */
import type { ErrorData } from '../errors.js'
import type { EventText } from '../events/event.js'
import type { LogLevel } from '../text/log.js'

export type OutboxMessage = (string | number | null)[]

/** The fields that operations on a session have in common. */
export interface OperationHead {
  /** The request that asked for the operation; 0 for none. */
  readonly rid: number
  /**
   * The view of the session that the operation was made from. A change is foreign to all other views. Above
   * 0: a turn's view. Below 0: a view that the worker made. 0: no view, so that the change is foreign to all.
   */
  readonly viewId: number
  /** The number of the ack that answers the operation; 0 for an operation that wants no ack. */
  readonly ack: number
  readonly frontendId: string
  readonly sid: number
}

/**
 * The common fields of operations that find their sessions by uid or channel. `frontendId`: the gateway whose
 * sessions are meant, or `allGateways`.
 */
export type UserOperationHead = Omit<OperationHead, 'sid' | 'viewId'>

/** Receives what a worker reports about its requests and about itself. */
export interface OutcomeReader {
  /**
   * A request has succeeded. `body` is the reply's JSON, each byte as one character; '' for an empty reply.
   */
  reply(rid: number, body: string): void
  /** A request has failed. */
  failed(rid: number, error: ErrorData): void
  /**
   * The worker gives up the rest of the slot's turn: its next request was taken back, or belongs elsewhere.
   */
  slotDone(slot: number): void
  /**
   * The next outcome of the slot's turn comes from a request whose operations are not all answered yet. The
   * next request of its lane must not start, in any worker, before `goOn`.
   */
  awaitOperations(slot: number): void
  /** The operations that `awaitOperations` was about are answered. */
  goOn(slot: number): void
  /**
   * The synchronous part of a batch is over. `started`: the number of requests that it started; `micros`: the
   * microseconds that it took.
   */
  ready(started: number, micros: number): void
  log(level: LogLevel, message: string, fields: string): void
  /**
   * The worker is about to end. `rid` and `route` name the request that caused this, which may have ended
   * long ago; 0 and '' if no request caused it.
   */
  fatal(rid: number, route: string, cause: string, detail: string): void
}

/** Returns a reader of an outbox that has no outcomes: for each that comes, `refuse` throws. */
export function refuseOutcomes(refuse: () => never): OutcomeReader {
  return {
    reply: refuse,
    failed: refuse,
    slotDone: refuse,
    awaitOperations: refuse,
    goOn: refuse,
    ready: refuse,
    log: refuse,
    fatal: refuse
  }
}

/** Receives operations on sessions. A head is valid during the call only: its object is used again. */
export interface OperationReader {
  /** Sets one key; the text '' deletes it. */
  push(head: OperationHead, key: string, text: string): void
  /** Sets several keys, given as a settings text. */
  pushAll(head: OperationHead, settings: string): void
  bind(head: OperationHead, uid: string): void
  unbind(head: OperationHead, uid: string): void
  /** Sets one key if its text is still `before`; '' stands for a missing key. */
  update(head: OperationHead, key: string, text: string, before: string): void
  /** Sets several keys, all or none. Refused if another view has changed one of them after `version`. */
  commit(head: OperationHead, settings: string, version: number): void
  /** Sets the milliseconds for which the session waits for its client; -1: as the gateway's options say. */
  setResumeWindow(head: OperationHead, ms: number): void
  /** Asks for the session's current state. */
  read(head: OperationHead): void
  readByUid(head: UserOperationHead, uid: string): void
  kick(head: OperationHead, reason: string | null): void
  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void
  /** Reports an operation that failed in the worker, before it was sent. `about` is its key or uid. */
  refused(rid: number, route: string, operation: string, about: string, error: ErrorData): void
}

/** Receives operations on events and channels. */
export interface EventReader {
  /**
   * Sends an event to the session. The ack of each operation that sends carries the number of sessions
   * reached.
   */
  send(head: OperationHead, event: EventText): void
  /**
   * Sends an event to all sessions of a user, except those listed. `except`: a JSON array of their numbers,
   * or ''. A session of another gateway than the worker's is `[sid, frontendId]` there.
   */
  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void
  /** Sends an event to all sessions, or only to bound ones if `bound` is 1; except those listed. */
  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void
  /**
   * Sends an event to all sessions of several users. `uids`: a JSON array. The ack lists the uids not
   * reached.
   */
  sendToUsers(head: UserOperationHead, uids: string, event: EventText): void
  /** Adds the session to a channel. */
  join(head: OperationHead, channel: string): void
  /** Removes the session from a channel. */
  leave(head: OperationHead, channel: string): void
  /** Adds all sessions of a user to a channel. The ack carries how many of them are members now. */
  joinUser(head: UserOperationHead, channel: string, uid: string): void
  /** Removes all sessions of a user from a channel. The ack carries how many of them were members. */
  leaveUser(head: UserOperationHead, channel: string, uid: string): void
  /** Sends an event to the members of a channel, except those listed. */
  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void
  /**
   * Asks for up to `count` members of a channel whose session numbers are above `after`, in that order. The
   * ack lists `[sid, uid]`; behind them the name of the member's gateway if it is not the asked one.
   */
  members(head: UserOperationHead, channel: string, after: number, count: number): void
  /** Asks how many members a channel has. */
  channelSize(head: UserOperationHead, channel: string): void
  /**
   * Asks how many sessions of a user are in a channel. For `allGateways` the ack names one of their gateways
   * behind the number, if none is in the asked one: `2 gateway-3`.
   */
  sessionsInChannel(head: UserOperationHead, channel: string, uid: string): void
  /** Removes all members of a channel. */
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
  goOn: 32,
  setResumeWindow: 33
} as const satisfies Record<
  keyof OutcomeReader | keyof OperationReader | keyof EventReader | 'origin',
  number
>
