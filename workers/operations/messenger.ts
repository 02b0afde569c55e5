/**
 * Events and channels for handlers, in the name of one origin (a request, or nobody). Nothing here waits for
 * the gateway but what returns a promise: an event leaves in the order in which it was sent, before the
 * request's reply.
 */
import type { SessionAddress } from '../../shared/address.js'
import { expectUid } from '../../shared/check.js'
import {
  type BroadcastFilter,
  type EventOptions,
  type EventText,
  isForBound
} from '../../shared/events/event.js'
import { createEventText } from '../../shared/events/event-text.js'
import type { OperationHead, UserOperationHead } from '../../shared/link/outbox.js'
import type { Caller } from './caller.js'
import { type AckValue, type Link, traced } from './link.js'
import { type Member, type MembersOptions, parseMembers, readMembersPage } from './members-page.js'
import { addressOf, type Recipient, type SessionLike } from './session-address.js'
import type { SessionOperations } from './session-operations.js'

export interface ExceptOptions extends EventOptions {
  /** Sessions that do not get it. */
  readonly except?: SessionLike | readonly SessionLike[]
}

export interface BroadcastOptions extends ExceptOptions {
  /** `all` (default): every session. `bound`: those that are bound to a user. */
  readonly filter?: BroadcastFilter
}

/** Puts something into the outbox, which wants the ack of that number; 0: none. */
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
      const { after, count } = readMembersPage(options)
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
    const numbers = this.#listNumbers(except)
    if (typeof to === 'string') {
      const uid = expectUid(to)
      return ack => outbox.sendToUser(this.#userHead(ack), uid, event, numbers)
    }
    const { frontendId, sid } = addressOf(to)
    // One session, and that excepted: it is sent to nobody, and no session has the number 0.
    const isExcepted = numbers !== '' && JSON.parse(numbers).includes(sid)
    return ack => outbox.send(this.#headOf({ frontendId, sid: isExcepted ? 0 : sid }, ack), event)
  }

  #prepareBroadcast(event: EventText, { filter, except }: BroadcastOptions): Write {
    const bound = isForBound(filter) ? 1 : 0
    const numbers = this.#listNumbers(except)
    return ack => this.#link.outbox.broadcast(this.#userHead(ack), bound, event, numbers)
  }

  #prepareForChannel(channel: string, event: EventText, { except }: ExceptOptions): Write {
    const numbers = this.#listNumbers(except)
    return ack => this.#link.outbox.sendToChannel(this.#userHead(ack), channel, event, numbers)
  }

  #counted(name: string, about: string, prepare: () => Write): Promise<number> {
    return traced(this.#asked<AckValue>(name, about, prepare).then(Number))
  }

  /** `prepare` checks what it was given before anything is written, and makes what writes it. */
  #asked<Value = void>(name: string, about: string, prepare: () => Write): Promise<Value> {
    let write: Write
    try {
      // Not any deeper: of a longer stack the part that leads to the handler would be cut off.
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

  /** Writes what nobody waits for. */
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

  #userHead(ack: number): UserOperationHead {
    return { rid: this.#caller.rid, ack, frontendId: this.#frontendId }
  }

  /** The numbers of sessions of this gateway as a text; '' for none. Numbers of another one are not ours. */
  #listNumbers(sessions: SessionLike | readonly SessionLike[] = []): string {
    const list = Array.isArray(sessions) ? (sessions as readonly SessionLike[]) : [sessions as SessionLike]
    const ours: number[] = []
    for (const session of list) {
      const { frontendId, sid } = addressOf(session)
      if (frontendId === this.#frontendId) ours.push(sid)
    }
    return ours.length === 0 ? '' : JSON.stringify(ours)
  }

  #ownSession(): SessionAddress {
    const { view } = this.#caller
    if (view !== undefined) return view.address
    throw new TypeError('Expected a session: outside a request there is none of its own')
  }
}

/** A promise that nobody awaits, and that fails, ends no worker: the gateway has told of it. */
export function quietly<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
