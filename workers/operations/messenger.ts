/**
 * Sends the operations on events and channels, on behalf of one caller (a request or `app`).
 * Methods that return a promise wait for the gateway; the others do not. Events are sent in the order of the
 * calls, and before the request's reply.
 */

import { allGateways, type SessionAddress } from '../../shared/address.js'
import { expectUid } from '../../shared/check.js'
import { type EventText, isForBound } from '../../shared/events/event.js'
import { createEventText } from '../../shared/events/event-text.js'
import type { OperationHead, UserOperationHead } from '../../shared/link/outbox.js'
import {
  type Member,
  type MembersOptions,
  parseMembers,
  readMembersPage
} from '../../shared/values/members-page.js'
import type { Caller } from './caller.js'
import { type AckValue, type Link, traced } from './link.js'
import {
  addressOf,
  type BroadcastOptions,
  type ExceptOptions,
  type Recipient,
  type SessionLike
} from './session-address.js'
import type { SessionOperations } from './session-operations.js'

/** Writes an operation into the outbox. `ack` is the number of its ack; 0 if it wants none. */
type Write = (ack: number) => void

export class Messenger {
  readonly #link: Link
  readonly #caller: Caller
  readonly #operations: SessionOperations
  readonly #frontendId: string

  constructor(link: Link, caller: Caller, operations: SessionOperations, frontendId: string) {
    this.#link = link
    this.#caller = caller
    this.#operations = operations
    this.#frontendId = frontendId
  }

  send(to: Recipient, event: string, body?: unknown, options: ExceptOptions = {}): void {
    this.#write(this.#prepareSend(to, createEventText(event, body, options), options))
  }

  asend(to: Recipient, event: string, body?: unknown, options: ExceptOptions = {}): Promise<number> {
    return this.#counted('send', event, () =>
      this.#prepareSend(to, createEventText(event, body, options), options)
    )
  }

  broadcast(event: string, body?: unknown, options: BroadcastOptions = {}): void {
    this.#write(this.#prepareBroadcast(createEventText(event, body, options), options))
  }

  abroadcast(event: string, body?: unknown, options: BroadcastOptions = {}): Promise<number> {
    return this.#counted('broadcast', event, () =>
      this.#prepareBroadcast(createEventText(event, body, options), options)
    )
  }

  sendToChannel(channel: string, event: string, body: unknown, options: ExceptOptions): void {
    this.#write(this.#prepareForChannel(channel, createEventText(event, body, options), options))
  }

  asendToChannel(channel: string, event: string, body: unknown, options: ExceptOptions): Promise<number> {
    return this.#counted('sendToChannel', channel, () =>
      this.#prepareForChannel(channel, createEventText(event, body, options), options)
    )
  }

  join(channel: string, session: SessionLike | undefined): void {
    const head = this.#head(session, 0)
    this.#write(() => this.#link.outbox.join(head, channel))
  }

  ajoin(channel: string, session: SessionLike | undefined): Promise<void> {
    return traced(
      this.#asked<void>('join', channel, () => {
        const head = this.#head(session, 0)
        return ack => this.#link.outbox.join({ ...head, ack }, channel)
      })
    )
  }

  leave(channel: string, session: SessionLike | undefined): void {
    const head = this.#head(session, 0)
    this.#write(() => this.#link.outbox.leave(head, channel))
  }

  aleave(channel: string, session: SessionLike | undefined): Promise<void> {
    return traced(
      this.#asked<void>('leave', channel, () => {
        const head = this.#head(session, 0)
        return ack => this.#link.outbox.leave({ ...head, ack }, channel)
      })
    )
  }

  members(channel: string, options: MembersOptions): Promise<Member[]> {
    const asked = this.#asked<AckValue>('members', channel, () => {
      const { after, count } = readMembersPage('members', options, member => addressOf(member))
      return ack => this.#link.outbox.members(this.#userHead(ack), channel, after, count)
    })
    return traced(asked.then(answer => parseMembers(answer ?? '[]', this.#frontendId)))
  }

  channelSize(channel: string): Promise<number> {
    return this.#counted(
      'channelSize',
      channel,
      () => ack => this.#link.outbox.channelSize(this.#userHead(ack), channel)
    )
  }

  destroyChannel(channel: string): void {
    this.#write(ack => this.#link.outbox.destroyChannel(this.#userHead(ack), channel))
  }

  #prepareSend(to: Recipient, event: EventText, { except }: ExceptOptions): Write {
    const { outbox } = this.#link
    const excepted = this.#listExcepted(except)
    if (typeof to === 'string') {
      const uid = expectUid(to)
      return ack => outbox.sendToUser(this.#userHead(ack), uid, event, excepted)
    }
    const { frontendId, sid } = addressOf(to, true)
    // If the only recipient is excepted, the event is sent to session 0, which does not exist.
    const isExcepted = excepted !== '' && isListed(excepted, { frontendId, sid }, this.#frontendId)
    return ack => outbox.send(this.#headOf({ frontendId, sid: isExcepted ? 0 : sid }, ack), event)
  }

  #prepareBroadcast(event: EventText, { filter, except }: BroadcastOptions): Write {
    const bound = isForBound(filter) ? 1 : 0
    const excepted = this.#listExcepted(except)
    return ack => this.#link.outbox.broadcast(this.#userHead(ack), bound, event, excepted)
  }

  #prepareForChannel(channel: string, event: EventText, { except }: ExceptOptions): Write {
    const excepted = this.#listExcepted(except)
    return ack => this.#link.outbox.sendToChannel(this.#userHead(ack), channel, event, excepted)
  }

  #counted(name: string, about: string, prepare: () => Write): Promise<number> {
    return traced(this.#asked<AckValue>(name, about, prepare).then(Number))
  }

  /**
   * Sends an operation, and returns its answer. `prepare` checks the arguments first, and returns the
   * function that writes the operation.
   */
  #asked<Value = void>(name: string, about: string, prepare: () => Write): Promise<Value> {
    let write: Write
    try {
      // Called here rather than inside `asked`: with a deeper stack, the frames of the handler would be cut
      // off.
      write = prepare()
    } catch (error) {
      return this.#operations.asked<Value>(name, about, () => {
        throw error
      })
    }
    return this.#operations.asked(name, about, () => {
      this.#caller.expectAlive()
      return this.#link.call<Value>(write)
    })
  }

  /** Writes an operation that wants no ack. */
  #write(write: Write): void {
    this.#caller.author?.countOperation()
    write(0)
    this.#link.leaveSoon()
  }

  #head(session: SessionLike | undefined, ack: number): OperationHead {
    return this.#headOf(session === undefined ? this.#ownSession() : addressOf(session), ack)
  }

  #headOf({ frontendId, sid }: SessionAddress, ack: number): OperationHead {
    return { rid: this.#caller.rid, viewId: 0, ack, frontendId, sid }
  }

  /** Returns the head of an operation that names no session: events for a user or for all, and channels. */
  #userHead(ack: number): UserOperationHead {
    return { rid: this.#caller.rid, ack, frontendId: allGateways }
  }

  /**
   * Returns sessions as a JSON array, '' for none. One of another gateway is `[sid, frontendId]`, which names
   * nobody unless there is a cluster.
   */
  #listExcepted(sessions: SessionLike | readonly SessionLike[] = []): string {
    const list = Array.isArray(sessions) ? (sessions as readonly SessionLike[]) : [sessions as SessionLike]
    const excepted: (number | [sid: number, frontendId: string])[] = []
    for (const session of list) {
      const { frontendId, sid } = addressOf(session)
      excepted.push(frontendId === this.#frontendId ? sid : [sid, frontendId])
    }
    return excepted.length === 0 ? '' : JSON.stringify(excepted)
  }

  #ownSession(): SessionAddress {
    const { view } = this.#caller
    if (view !== undefined) return view.address
    throw new TypeError('Expected a session: outside a request there is none of its own')
  }
}

/** Whether a list of excepted sessions names this one. `own`: the gateway of those that are numbers. */
function isListed(excepted: string, { frontendId, sid }: SessionAddress, own: string): boolean {
  for (const entry of JSON.parse(excepted)) {
    const [number, gateway] = typeof entry === 'number' ? [entry, own] : entry
    if (number === sid && gateway === frontendId) return true
  }
  return false
}

/** Keeps an unhandled rejection from ending the worker, since the gateway has logged the refusal. */
export function quietly<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
