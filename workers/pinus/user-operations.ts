/**
 * Sends the operations on events and channels that name users and their gateway, as Pinus does.
 * Their caller is the `appCaller`, as for all operations through `app`. They keep their order with all other
 * operations of the worker.
 */
import { allGateways } from '../../shared/address.js'
import { expectFrontendId, expectUid } from '../../shared/check.js'
import type { EventText } from '../../shared/events/event.js'
import type { UserOperationHead } from '../../shared/link/outbox.js'
import { appCaller } from '../operations/caller.js'
import type { AckValue, Link } from '../operations/link.js'
import type { SessionOperations } from '../operations/session-operations.js'

/** Users in one gateway. Their uids were checked before. */
export interface Users {
  readonly frontendId: string
  readonly uids: readonly string[]
}

/** A user in a gateway. */
export interface User {
  readonly frontendId: string
  readonly uid: string
}

export class UserOperations {
  readonly #link: Link
  readonly #operations: SessionOperations

  constructor(link: Link, operations: SessionOperations) {
    this.#link = link
    this.#operations = operations
  }

  /** Sends an event to all sessions of these users. */
  send({ frontendId, uids }: Users, event: EventText): void {
    appCaller.author?.countOperation()
    this.#link.outbox.sendToUsers(head(frontendId, 0), JSON.stringify(uids), event)
    this.#link.leaveSoon()
  }

  /** Variant of `send` that resolves with the uids of users without a session there. */
  async asend({ frontendId, uids }: Users, event: EventText): Promise<string[]> {
    const missed = await this.#link.call<AckValue>(ack =>
      this.#link.outbox.sendToUsers(head(frontendId, ack), JSON.stringify(uids), event)
    )
    return JSON.parse(missed ?? '[]')
  }

  /** Adds all sessions of a user to a channel. */
  join(channel: string, user: User): void {
    const { frontendId, uid } = expectUser(user)
    appCaller.author?.countOperation()
    this.#link.outbox.joinUser(head(frontendId, 0), channel, uid)
    this.#link.leaveSoon()
  }

  /** Variant of `join` that resolves with the number of the user's sessions in the channel. */
  ajoin(channel: string, user: User): Promise<number> {
    return this.#counted('joinUser', channel, user)
  }

  /** Removes all sessions of a user from a channel. */
  leave(channel: string, user: User): void {
    const { frontendId, uid } = expectUser(user)
    appCaller.author?.countOperation()
    this.#link.outbox.leaveUser(head(frontendId, 0), channel, uid)
    this.#link.leaveSoon()
  }

  /** Variant of `leave` that resolves with the number of removed sessions. */
  aleave(channel: string, user: User): Promise<number> {
    return this.#counted('leaveUser', channel, user)
  }

  /**
   * Resolves with the name of a gateway in which a session of the user is a member: '' for this one; null if
   * there is none.
   */
  gatewayOf(channel: string, uid: string): Promise<string | null> {
    return this.#operations.promised('sessionsInChannel', channel, async () => {
      const checked = expectUid(uid)
      const answer = await this.#link.call<AckValue>(ack =>
        this.#link.outbox.sessionsInChannel(head(allGateways, ack), channel, checked)
      )
      return readGateway(answer ?? '0')
    })
  }

  #counted(kind: 'joinUser' | 'leaveUser', channel: string, user: User): Promise<number> {
    return this.#operations.promised(kind, channel, async () => {
      const { frontendId, uid } = expectUser(user)
      const count = await this.#link.call<AckValue>(ack =>
        this.#link.outbox[kind](head(frontendId, ack), channel, uid)
      )
      return Number(count)
    })
  }
}

/** Reads the answer of `sessionsInChannel`: a number, and behind it a gateway's name if it is another one. */
function readGateway(answer: string): string | null {
  if (Number.parseInt(answer, 10) === 0) return null
  const space = answer.indexOf(' ')
  return space === -1 ? '' : answer.slice(space + 1)
}

function head(frontendId: string, ack: number): UserOperationHead {
  return { rid: appCaller.rid, ack, frontendId }
}

function expectUser({ frontendId, uid }: User): User {
  return { frontendId: expectFrontendId(frontendId), uid: expectUid(uid) }
}
