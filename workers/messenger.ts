/**
 * Events and channels for handlers, in the name of one origin (a request, or nobody). Nothing here waits for the
 * gateway but what returns a promise: an event leaves in the order in which it was sent, before the request's reply.
 */
import type { SessionAddress } from '../shared/address.js'
import { describeValue, expectChannel, expectEvent, expectUid } from '../shared/check.js'
import { errors } from '../shared/errors.js'
import { type EventOptions, type EventText, readEventOptions } from '../shared/event.js'
import type { OperationHead, UserOperationHead } from '../shared/outbox.js'
import { encodeBody } from './body.js'
import { Channel } from './channel.js'
import type { AckValue, Link } from './link.js'
import type { Origin } from './origin.js'
import type { SessionOperations } from './session-operations.js'

/** A session by what names it: a BackendSession is one. */
export type SessionLike = SessionAddress | { readonly frontendId: string; readonly id: number }

/** Whom an event is for: a session, or a user, whose sessions all get it. */
export type Recipient = SessionLike | string

export interface ExceptOptions extends EventOptions {
  /** Sessions that do not get it. */
  readonly except?: SessionLike | readonly SessionLike[]
}

export interface BroadcastOptions extends ExceptOptions {
  /** `all` (default): every session. `bound`: those that are bound to a user. */
  readonly filter?: 'all' | 'bound'
}

export class Messenger {
  readonly #link: Link
  readonly #origin: Origin
  readonly #operations: SessionOperations
  readonly #frontendId: string

  constructor(link: Link, origin: Origin, operations: SessionOperations, frontendId: string) {
    this.#link = link
    this.#origin = origin
    this.#operations = operations
    this.#frontendId = frontendId
  }

  send(to: Recipient, event: string, body?: unknown, options: ExceptOptions = {}): void {
    this.#writeSend(to, createEvent(event, body, options), options, 0)
    this.#link.leaveSoon()
  }

  asend(to: Recipient, event: string, body?: unknown, options: ExceptOptions = {}): Promise<number> {
    return this.#counted('send', event, () => {
      const created = createEvent(event, body, options)
      return ack => this.#writeSend(to, created, options, ack)
    })
  }

  broadcast(event: string, body?: unknown, options: BroadcastOptions = {}): void {
    this.#writeBroadcast(createEvent(event, body, options), options, 0)
    this.#link.leaveSoon()
  }

  abroadcast(event: string, body?: unknown, options: BroadcastOptions = {}): Promise<number> {
    return this.#counted('broadcast', event, () => {
      const created = createEvent(event, body, options)
      return ack => this.#writeBroadcast(created, options, ack)
    })
  }

  /** @throws `CHANNEL_INVALID` */
  channel(name: string): Channel {
    return new Channel(expectChannel(name), this)
  }

  sendToChannel(channel: string, event: string, body: unknown, options: ExceptOptions): void {
    const created = createEvent(event, body, options)
    this.#link.outbox.sendToChannel(this.#userHead(0), channel, created, listNumbers(options.except))
    this.#link.leaveSoon()
  }

  asendToChannel(channel: string, event: string, body: unknown, options: ExceptOptions): Promise<number> {
    return this.#counted('sendToChannel', channel, () => {
      const created = createEvent(event, body, options)
      const except = listNumbers(options.except)
      return ack => this.#link.outbox.sendToChannel(this.#userHead(ack), channel, created, except)
    })
  }

  join(channel: string, session: SessionLike | undefined): void {
    this.#link.outbox.join(this.#head(session, 0), channel)
    this.#link.leaveSoon()
  }

  ajoin(channel: string, session: SessionLike | undefined): Promise<void> {
    return this.#asked('join', channel, () => {
      const head = this.#head(session, 0)
      return ack => this.#link.outbox.join({ ...head, ack }, channel)
    })
  }

  leave(channel: string, session: SessionLike | undefined): void {
    this.#link.outbox.leave(this.#head(session, 0), channel)
    this.#link.leaveSoon()
  }

  aleave(channel: string, session: SessionLike | undefined): Promise<void> {
    return this.#asked('leave', channel, () => {
      const head = this.#head(session, 0)
      return ack => this.#link.outbox.leave({ ...head, ack }, channel)
    })
  }

  async members(channel: string, after: number, count: number): Promise<[sid: number, uid: string | null][]> {
    const answer = await this.#asked<AckValue>(
      'members',
      channel,
      () => ack => this.#link.outbox.members(this.#userHead(ack), channel, after, count)
    )
    return JSON.parse(answer ?? '[]')
  }

  channelSize(channel: string): Promise<number> {
    return this.#counted(
      'channelSize',
      channel,
      () => ack => this.#link.outbox.channelSize(this.#userHead(ack), channel)
    )
  }

  destroyChannel(channel: string): void {
    this.#link.outbox.destroyChannel(this.#userHead(0), channel)
    this.#link.leaveSoon()
  }

  get frontendId(): string {
    return this.#frontendId
  }

  #writeSend(to: Recipient, event: EventText, { except }: ExceptOptions, ack: number): void {
    const { outbox } = this.#link
    if (typeof to === 'string')
      return outbox.sendToUser(this.#userHead(ack), expectUid(to), event, listNumbers(except))
    outbox.send(this.#head(to, ack), event)
  }

  #writeBroadcast(event: EventText, { filter = 'all', except }: BroadcastOptions, ack: number): void {
    if (filter !== 'all' && filter !== 'bound') {
      throw new TypeError(
        `Expected the filter of a broadcast to be all or bound, got ${describeValue(filter)}`
      )
    }
    const numbers = listNumbers(except)
    this.#link.outbox.broadcast(this.#userHead(ack), filter === 'bound' ? 1 : 0, event, numbers)
  }

  #counted(name: string, about: string, prepare: () => (ack: number) => void): Promise<number> {
    return this.#asked<AckValue>(name, about, prepare).then(Number)
  }

  /** `prepare` checks what it was given before anything is written, and makes what writes it. */
  #asked<Value = void>(name: string, about: string, prepare: () => (ack: number) => void): Promise<Value> {
    return this.#operations.asked(name, about, () => {
      this.#origin.expectAlive()
      return this.#link.call<Value>(prepare())
    })
  }

  #head(session: SessionLike | undefined, ack: number): OperationHead {
    const { frontendId, sid } = session === undefined ? this.#ownSession() : addressOf(session)
    return { rid: this.#origin.rid, view: 0, ack, frontendId, sid }
  }

  #userHead(ack: number): UserOperationHead {
    return { rid: this.#origin.rid, ack, frontendId: this.#frontendId }
  }

  #ownSession(): SessionAddress {
    const { view } = this.#origin
    if (view !== undefined) return view.address
    throw new TypeError('Expected a session: outside a request there is none of its own')
  }
}

export function addressOf(session: SessionLike): SessionAddress {
  const { frontendId } = session
  const sid = 'sid' in session ? session.sid : session.id
  if (typeof frontendId === 'string' && Number.isSafeInteger(sid)) return { frontendId, sid }
  throw new TypeError(
    `Expected a session, or its { frontendId, sid }, got { frontendId: ${describeValue(frontendId)}, sid: ${describeValue(sid)} }`
  )
}

/** The numbers of sessions as a text; '' for none. */
function listNumbers(sessions: SessionLike | readonly SessionLike[] = []): string {
  const list = Array.isArray(sessions) ? (sessions as readonly SessionLike[]) : [sessions as SessionLike]
  return list.length === 0 ? '' : JSON.stringify(list.map(session => addressOf(session).sid))
}

function createEvent(name: string, body: unknown, options: EventOptions): EventText {
  return {
    name: expectEvent(name),
    body: encodeBody(body, errors.eventNotSerializable),
    ...readEventOptions(options)
  }
}
