/**
 * Events and channels by users and the gateway that they are in: what Pinus' forms are made of. Asked for in nobody's
 * name, as those of `app` are, and in order with all else that the worker asks for.
 */
import { expectFrontendId, expectUid } from '../../shared/check.js'
import type { EventText } from '../../shared/events/event.js'
import type { UserOperationHead } from '../../shared/link/outbox.js'
import { nobody } from '../operations/caller.js'
import type { AckValue, Link } from '../operations/link.js'
import type { SessionOperations } from '../operations/session-operations.js'

/** Users of one gateway; whoever names them has looked whether they are uids. */
export interface Users {
  readonly frontendId: string
  readonly uids: readonly string[]
}

/** A user and the gateway that the user is in. */
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

  send({ frontendId, uids }: Users, event: EventText): void {
    nobody.author?.countOperation()
    this.#link.outbox.sendToUsers(head(frontendId, 0), JSON.stringify(uids), event)
    this.#link.leaveSoon()
  }

  /** Resolves with the uids of those who have no session there. */
  async asend({ frontendId, uids }: Users, event: EventText): Promise<string[]> {
    const missed = await this.#link.call<AckValue>(ack =>
      this.#link.outbox.sendToUsers(head(frontendId, ack), JSON.stringify(uids), event)
    )
    return JSON.parse(missed ?? '[]')
  }

  join(channel: string, user: User): void {
    const { frontendId, uid } = expectUser(user)
    nobody.author?.countOperation()
    this.#link.outbox.joinUser(head(frontendId, 0), channel, uid)
    this.#link.leaveSoon()
  }

  /** Resolves with how many sessions of the user are in now. */
  ajoin(channel: string, user: User): Promise<number> {
    return this.#counted('joinUser', channel, user)
  }

  leave(channel: string, user: User): void {
    const { frontendId, uid } = expectUser(user)
    nobody.author?.countOperation()
    this.#link.outbox.leaveUser(head(frontendId, 0), channel, uid)
    this.#link.leaveSoon()
  }

  /** Resolves with how many sessions of the user were in. */
  aleave(channel: string, user: User): Promise<number> {
    return this.#counted('leaveUser', channel, user)
  }

  /** How many sessions of the user are in. */
  sessionsIn(channel: string, user: User): Promise<number> {
    return this.#counted('sessionsInChannel', channel, user)
  }

  #counted(
    kind: 'joinUser' | 'leaveUser' | 'sessionsInChannel',
    channel: string,
    user: User
  ): Promise<number> {
    return this.#operations.promised(kind, channel, async () => {
      const { frontendId, uid } = expectUser(user)
      const count = await this.#link.call<AckValue>(ack =>
        this.#link.outbox[kind](head(frontendId, ack), channel, uid)
      )
      return Number(count)
    })
  }
}

function head(frontendId: string, ack: number): UserOperationHead {
  return { rid: nobody.rid, ack, frontendId }
}

function expectUser({ frontendId, uid }: User): User {
  return { frontendId: expectFrontendId(frontendId), uid: expectUid(uid) }
}
