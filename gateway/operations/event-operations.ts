/** Applies a worker's operations on events and channels. One instance for each worker. */
import { errors } from '../../shared/errors.js'
import type { EventText } from '../../shared/events/event.js'
import type { EventReader, OperationHead, UserOperationHead } from '../../shared/link/outbox.js'
import { GatewayEvent } from '../events/event.js'
import { type Channels, canRead, sendToAll } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { OperationAcks } from './operation-acks.js'

/** Sessions that move, as the events of another gateway meet them. */
export interface MovesOfSource {
  readonly isEmpty: boolean
  /** Whether a session here gets an event of this source by another way. */
  isLeftOut(sid: number): boolean
  /** Passes an event on to sessions that were here. Returns to how many. */
  sendToUser(uid: string, event: EventText, excepted: Numbers | undefined): number
  sendToChannel(channel: string, event: EventText, excepted: Numbers | undefined): number
  broadcast(isBound: boolean, event: EventText, excepted: Numbers | undefined): number
  /** Returns the members that were here, and that this source knows of no other place of. */
  membersOf(channel: string): readonly Member[]
  joinUser(channel: string, uid: string): void
  leaveUser(channel: string, uid: string): void
  destroyChannel(channel: string): void
  kickUser(uid: string, reason: string | null): void
  /** An operation on a session that was here is passed on. */
  joins(sid: number, channel: string): void
  leaves(sid: number, channel: string): void
}

/** A member of a channel, as lists have it. */
export interface Member {
  readonly sid: number
  readonly uid: string | null
}

type Numbers = Pick<ReadonlySet<number>, 'has'>

export interface EventOperationsInit {
  readonly acks: OperationAcks
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
  /** Whether numbers of sessions are unique over several gateways. */
  readonly isClustered: boolean
  /** undefined: no session that the source means can be about to move. */
  readonly moves?: MovesOfSource | undefined
}

export class EventOperations implements EventReader {
  readonly #init: EventOperationsInit

  constructor(init: EventOperationsInit) {
    this.#init = init
  }

  send(head: OperationHead, event: EventText): void {
    const { acks, registry } = this.#init
    if (acks.refuseEarly('send', head)) return
    const session = registry.findRecipient(head.sid)
    const count = session === undefined ? 0 : sendToAll([session], new GatewayEvent(event))
    this.#count(head.ack, event, count)
  }

  // LOCAL-SESSIONS: from here on, the sessions of a user, all sessions and the members of a channel are those
  // of this gateway. In a cluster, cluster/routing adds those of the others.
  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void {
    const { acks, registry, moves } = this.#init
    if (acks.refuseEarly('sendToUser', head)) return
    const excepted = this.#readExcepted(except)
    const passedOn = moves?.isEmpty === false ? moves.sendToUser(uid, event, excepted) : 0
    this.#deliver(head.ack, registry.findByUid(uid), event, excepted, passedOn)
  }

  sendToUsers(head: UserOperationHead, uids: string, text: EventText): void {
    const { acks, registry, metrics, moves } = this.#init
    if (acks.refuseEarly('sendToUsers', head)) return
    const moving = moves?.isEmpty === false ? moves : undefined
    const event = new GatewayEvent(text)
    const sessions = new Set<Session>()
    const missed: string[] = []
    for (const uid of JSON.parse(uids) as string[]) {
      const found = registry.findByUid(uid)
      const passedOn = moving?.sendToUser(uid, text, undefined) ?? 0
      if (passedOn === 0 && !found.some(({ receiver }) => receiver !== undefined && canRead(receiver, event)))
        missed.push(uid)
      for (const session of found) sessions.add(session)
    }
    metrics.countEvent(event.delivery, sendToAll(sessions, event, this.#without(undefined)))
    acks.ack(head.ack, JSON.stringify(missed))
  }

  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void {
    const { acks, registry, moves } = this.#init
    if (acks.refuseEarly('broadcast', head)) return
    const isBound = bound === 1
    const excepted = this.#readExcepted(except)
    const passedOn = moves?.isEmpty === false ? moves.broadcast(isBound, event, excepted) : 0
    const all = registry.all()
    const sessions = isBound ? all.filter(({ uid }) => uid !== null) : all
    this.#deliver(head.ack, sessions, event, excepted, passedOn)
  }

  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void {
    const { acks, channels, moves } = this.#init
    if (acks.refuseEarly('sendToChannel', head)) return
    const excepted = this.#readExcepted(except)
    const passedOn = moves?.isEmpty === false ? moves.sendToChannel(channel, event, excepted) : 0
    // Copied, because sending closes a receiver that is too slow, which then leaves the channel.
    this.#deliver(head.ack, [...channels.membersOf(channel)], event, excepted, passedOn)
  }

  join(head: OperationHead, channel: string): void {
    const { acks, registry, channels } = this.#init
    if (acks.refuseEarly('join', head)) return
    const session = registry.findRecipient(head.sid)
    const error = session === undefined ? errors.sessionNotFound(head.sid) : channels.join(session, channel)
    if (error === undefined)
      acks.whenKept('join', head, [session!], ack => acks.ackOnceKnown(ack, '', 'channel', channel))
    else acks.refuse('join', head, error, channel)
  }

  leave(head: OperationHead, channel: string): void {
    const { acks, registry, channels } = this.#init
    if (acks.refuseEarly('leave', head)) return
    const session = registry.findRecipient(head.sid)
    if (session === undefined) return acks.ack(head.ack, '')
    channels.leave(session, channel)
    acks.whenKept('leave', head, [session], ack => acks.ack(ack, ''))
  }

  joinUser(head: UserOperationHead, channel: string, uid: string): void {
    const { acks, registry, channels } = this.#init
    if (acks.refuseEarly('joinUser', head)) return
    this.#init.moves?.joinUser(channel, uid)
    const sessions = registry.findByUid(uid)
    // Each session that can join does so, even if another session of the user is refused.
    const [error] = sessions.flatMap(session => channels.join(session, channel) ?? [])
    const count = String(sessions.length)
    if (error === undefined)
      acks.whenKept('joinUser', head, sessions, ack => acks.ackOnceKnown(ack, count, 'channel', channel))
    else acks.refuse('joinUser', head, error, channel)
  }

  leaveUser(head: UserOperationHead, channel: string, uid: string): void {
    const { acks, channels } = this.#init
    if (acks.refuseEarly('leaveUser', head)) return
    this.#init.moves?.leaveUser(channel, uid)
    const inside = this.#inChannel(channel, uid)
    for (const session of inside) channels.leave(session, channel)
    acks.whenKept('leaveUser', head, inside, ack => acks.ack(ack, String(inside.length)))
  }

  members(head: UserOperationHead, channel: string, after: number, count: number): void {
    const { acks } = this.#init
    if (acks.refuseEarly('members', head)) return
    // Sorted by session number, which never changes. So a page begins where the previous page ended, even if
    // members leave meanwhile.
    const members = [...this.#membersOf(channel)].filter(({ sid }) => sid > after)
    const page = members.sort((a, b) => a.sid - b.sid).slice(0, count)
    acks.ack(head.ack, JSON.stringify(page.map(({ sid, uid }) => [sid, uid])))
  }

  channelSize(head: UserOperationHead, channel: string): void {
    const { acks, moves, channels } = this.#init
    if (acks.refuseEarly('channelSize', head)) return
    const isPlain = moves === undefined || moves.isEmpty
    const size = isPlain ? channels.membersOf(channel).size : this.#membersOf(channel).length
    acks.ack(head.ack, String(size))
  }

  sessionsInChannel(head: UserOperationHead, channel: string, uid: string): void {
    const { acks } = this.#init
    if (acks.refuseEarly('sessionsInChannel', head)) return
    const { length } = this.#membersOf(channel).filter(member => member.uid === uid)
    acks.ack(head.ack, String(length))
  }

  destroyChannel(head: UserOperationHead, channel: string): void {
    const { acks, channels } = this.#init
    if (acks.refuseEarly('destroyChannel', head)) return
    this.#init.moves?.destroyChannel(channel)
    channels.destroy(channel)
    acks.ack(head.ack, '')
  }

  /** Returns the members of a channel, with each that moves in one of its two gateways. */
  #membersOf(channel: string): readonly Member[] {
    const { channels, moves } = this.#init
    const here = [...channels.membersOf(channel)]
    if (moves === undefined || moves.isEmpty) return here
    return [...here.filter(({ sid }) => !moves.isLeftOut(sid)), ...moves.membersOf(channel)]
  }

  /** Returns the sessions of a user that are in a channel. */
  #inChannel(channel: string, uid: string): readonly Session[] {
    const members = this.#init.channels.membersOf(channel)
    return this.#init.registry.findByUid(uid).filter(session => members.has(session))
  }

  /** `passedOn`: the sessions that were here and get it where they are. */
  #deliver(
    ack: number,
    sessions: readonly Session[],
    text: EventText,
    excepted: ReadonlySet<number> | undefined,
    passedOn: number
  ): void {
    const count = sendToAll(sessions, new GatewayEvent(text), this.#without(excepted))
    this.#count(ack, text, count, passedOn)
  }

  /** What is passed on counts as sent where it gets to. */
  #count(ack: number, { delivery }: EventText, count: number, passedOn = 0): void {
    const { acks, metrics } = this.#init
    metrics.countEvent(delivery, count)
    acks.ack(ack, String(count + passedOn))
  }

  #readExcepted(except: string): ReadonlySet<number> | undefined {
    return except === '' ? undefined : readExcepted(except, this.#init.isClustered)
  }

  /** Returns the sessions that an event is not for, with those that get it by another way. */
  #without(excepted: ReadonlySet<number> | undefined): Numbers | undefined {
    const { moves } = this.#init
    if (moves === undefined || moves.isEmpty) return excepted
    return { has: sid => excepted?.has(sid) === true || moves.isLeftOut(sid) }
  }
}

/** Reads the sessions that an event is not for. One of another gateway may be here if there is a cluster. */
function readExcepted(text: string, isClustered: boolean): ReadonlySet<number> {
  const excepted = new Set<number>()
  for (const entry of JSON.parse(text) as (number | [sid: number, frontendId: string])[]) {
    if (typeof entry === 'number') excepted.add(entry)
    else if (isClustered) excepted.add(entry[0])
  }
  return excepted
}
