/**
 * What a worker sends the gateway over its link: the operations of its handlers and the outcomes of its
 * requests, in the order in which they were made, many in one message. An Outbox writes the message, `readOutbox`
 * gives each item to the reader's method that bears its name. A message is one flat array:
 * the item's kind, then its fields. What the operations that follow have in common is said once, by an origin.
 */
import type { ErrorData } from './errors.js'
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

/** The two that are about no session that is known yet: they find sessions by uid. */
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

const kinds = {
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
  origin: 17
} as const satisfies Record<keyof OutcomeReader | keyof OperationReader | 'origin', number>

/** Collects items; the worker's link takes them away as one message. */
export class Outbox implements OutcomeReader, OperationReader {
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
    this.#items.push(kinds.reply, rid, body)
  }

  failed(rid: number, error: ErrorData): void {
    const data = error.data === undefined ? null : JSON.stringify(error.data)
    this.#items.push(kinds.failed, rid, error.code, error.message, data ?? null)
  }

  released(slot: number): void {
    this.#items.push(kinds.released, slot)
  }

  ready(started: number, micros: number): void {
    this.#items.push(kinds.ready, started, micros)
  }

  log(level: LogLevel, message: string, fields: string): void {
    this.#items.push(kinds.log, level, message, fields)
  }

  fatal(rid: number, cause: string, detail: string): void {
    this.#items.push(kinds.fatal, rid, cause, detail)
  }

  push(head: OperationHead, key: string, text: string): void {
    this.#begin(head)
    this.#items.push(kinds.push, head.ack, key, text)
  }

  pushAll(head: OperationHead, settings: string): void {
    this.#begin(head)
    this.#items.push(kinds.pushAll, head.ack, settings)
  }

  bind(head: OperationHead, uid: string): void {
    this.#begin(head)
    this.#items.push(kinds.bind, head.ack, uid)
  }

  unbind(head: OperationHead, uid: string): void {
    this.#begin(head)
    this.#items.push(kinds.unbind, head.ack, uid)
  }

  update(head: OperationHead, key: string, text: string, before: string): void {
    this.#begin(head)
    this.#items.push(kinds.update, head.ack, key, text, before)
  }

  commit(head: OperationHead, settings: string, version: number): void {
    this.#begin(head)
    this.#items.push(kinds.commit, head.ack, settings, version)
  }

  read(head: OperationHead): void {
    this.#begin(head)
    this.#items.push(kinds.read, head.ack)
  }

  readByUid(head: UserOperationHead, uid: string): void {
    this.#items.push(kinds.readByUid, head.rid, head.ack, head.frontendId, uid)
  }

  kick(head: OperationHead, reason: string | null): void {
    this.#begin(head)
    this.#items.push(kinds.kick, head.ack, reason)
  }

  kickByUid(head: UserOperationHead, uid: string, reason: string | null): void {
    this.#items.push(kinds.kickByUid, head.rid, head.ack, head.frontendId, uid, reason)
  }

  refused(route: string, operation: string, about: string, { code, message }: ErrorData): void {
    this.#items.push(kinds.refused, route, operation, about, code, message)
  }

  /** Says whose operation comes next, if it is not the same as before. */
  #begin({ rid, view, sid, frontendId }: OperationHead): void {
    if (rid === this.#rid && view === this.#view && sid === this.#sid && frontendId === this.#frontendId)
      return
    this.#rid = rid
    this.#view = view
    this.#sid = sid
    this.#frontendId = frontendId
    this.#items.push(kinds.origin, rid, view, frontendId, sid)
  }
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Gives each item of a message to its method, in order. */
export function readOutbox(
  message: OutboxMessage,
  outcomes: OutcomeReader,
  operations: OperationReader
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
  while (at < message.length) {
    const kind = number()
    switch (kind) {
      case kinds.origin:
        head = { rid: number(), view: number(), ack: 0, frontendId: text(), sid: number() }
        break
      case kinds.reply:
        outcomes.reply(number(), text())
        break
      case kinds.failed:
        outcomes.failed(number(), readError(text(), text(), maybe()))
        break
      case kinds.released:
        outcomes.released(number())
        break
      case kinds.ready:
        outcomes.ready(number(), number())
        break
      case kinds.log:
        outcomes.log(text() as LogLevel, text(), text())
        break
      case kinds.fatal:
        outcomes.fatal(number(), text(), text())
        break
      case kinds.push:
        operations.push(acked(), text(), text())
        break
      case kinds.pushAll:
        operations.pushAll(acked(), text())
        break
      case kinds.bind:
        operations.bind(acked(), text())
        break
      case kinds.unbind:
        operations.unbind(acked(), text())
        break
      case kinds.update:
        operations.update(acked(), text(), text(), text())
        break
      case kinds.commit:
        operations.commit(acked(), text(), number())
        break
      case kinds.read:
        operations.read(acked())
        break
      case kinds.readByUid:
        operations.readByUid(userHead(), text())
        break
      case kinds.kick:
        operations.kick(acked(), maybe())
        break
      case kinds.kickByUid:
        operations.kickByUid(userHead(), text(), maybe())
        break
      case kinds.refused:
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
