/**
 * Reads the operations on events and channels of one source, and has each applied in the gateways that it is
 * for.
 */
import type { EventText } from '../../../shared/events/event.js'
import type { EventReader, OperationHead, UserOperationHead } from '../../../shared/link/outbox.js'
import type { MovesOfSource } from '../../operations/event-operations.js'
import type { FanOut, OperationDetails } from './fan-out.js'
import { gathers } from './gathering.js'
import { type RelayDetails, type Relaying, unanswered } from './relaying.js'
import type { Whereabouts } from './whereabouts.js'

export interface RoutedEventsInit {
  readonly local: EventReader
  readonly whereabouts: Whereabouts
  readonly relaying: Relaying
  readonly fanOut: FanOut<EventReader>
  /** Sessions that move, for a source that is another gateway. */
  readonly moves?: Pick<MovesOfSource, 'joins' | 'leaves'> | undefined
}

export class RoutedEvents implements EventReader {
  readonly #local: EventReader
  readonly #whereIs: Whereabouts
  readonly #relaying: Relaying
  readonly #fanOut: FanOut<EventReader>

  readonly #moves: RoutedEventsInit['moves']

  constructor({ local, whereabouts, relaying, fanOut, moves }: RoutedEventsInit) {
    this.#moves = moves
    this.#local = local
    this.#whereIs = whereabouts
    this.#relaying = relaying
    this.#fanOut = fanOut
  }

  send(head: OperationHead, event: EventText): void {
    const to = this.#whereIs(head)
    // What comes for a session that is on its way is sent after it, in order.
    if (to === undefined || to === 'leaving') return this.#local.send(head, event)
    this.#relaying.relay('send', head, to, (outbox, own) => outbox.send(own, event), detailsOf(event))
  }

  join(head: OperationHead, channel: string): void {
    this.#change('join', head, channel)
  }

  leave(head: OperationHead, channel: string): void {
    this.#change('leave', head, channel)
  }

  #change(name: 'join' | 'leave', head: OperationHead, channel: string, begun: RelayDetails = {}): void {
    const to = this.#whereIs(head)
    if (to === undefined) return this.#local[name](head, channel)
    if (to === 'leaving') return this.#changeTwice(name, head, channel)
    if (name === 'leave') this.#moves?.leaves(head.sid, channel)
    else {
      this.#moves?.joins(head.sid, channel)
      this.#fanOut.expect(to, 'channel', channel)
    }
    const details = { ...begun, about: channel }
    this.#relaying.relay(name, head, to, (outbox, own) => outbox[name](own, channel), details)
  }

  /**
   * Joins or leaves with a session that is on its way from here: at once, so that it gets what is sent to the
   * channel from now on; and anew once it is decided where it is, so that the answer is true there.
   */
  #changeTwice(name: 'join' | 'leave', head: OperationHead, channel: string): void {
    const again = (own: OperationHead, waited: number) =>
      this.#change(name, own, channel, { waited, isBegun: true })
    if (!this.#relaying.wait(name, head, again, { about: channel })) return
    this.#local[name](unanswered(head), channel)
  }

  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void {
    const peers = this.#fanOut.peersFor(head, 'user', uid)
    if (peers === undefined) return this.#local.sendToUser(head, uid, event, except)
    const write: WriteEvent = (reader, own) => reader.sendToUser(own, uid, event, except)
    this.#fanOut.run('sendToUser', head, peers, gathers.sum, write, detailsOf(event))
  }

  sendToUsers(head: UserOperationHead, uids: string, event: EventText): void {
    const peers = this.#fanOut.peersFor(head, 'all', '')
    if (peers === undefined) return this.#local.sendToUsers(head, uids, event)
    const write: WriteEvent = (reader, own) => reader.sendToUsers(own, uids, event)
    this.#fanOut.run('sendToUsers', head, peers, gathers.missed, write, detailsOf(event, uids.length))
  }

  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void {
    const peers = this.#fanOut.peersFor(head, 'all', '')
    if (peers === undefined) return this.#local.broadcast(head, bound, event, except)
    const write: WriteEvent = (reader, own) => reader.broadcast(own, bound, event, except)
    this.#fanOut.run('broadcast', head, peers, gathers.sum, write, detailsOf(event))
  }

  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void {
    const peers = this.#fanOut.peersFor(head, 'channel', channel)
    if (peers === undefined) return this.#local.sendToChannel(head, channel, event, except)
    const write: WriteEvent = (reader, own) => reader.sendToChannel(own, channel, event, except)
    this.#fanOut.run('sendToChannel', head, peers, gathers.sum, write, detailsOf(event))
  }

  joinUser(head: UserOperationHead, channel: string, uid: string): void {
    const peers = this.#fanOut.peersFor(head, 'user', uid)
    if (peers === undefined) return this.#local.joinUser(head, channel, uid)
    for (const to of peers) if (to !== undefined) this.#fanOut.expect(to, 'channel', channel)
    this.#fanOut.run(
      'joinUser',
      head,
      peers,
      gathers.sum,
      (reader, own) => reader.joinUser(own, channel, uid),
      { about: channel }
    )
  }

  leaveUser(head: UserOperationHead, channel: string, uid: string): void {
    const peers = this.#fanOut.peersFor(head, 'user', uid)
    if (peers === undefined) return this.#local.leaveUser(head, channel, uid)
    this.#fanOut.run(
      'leaveUser',
      head,
      peers,
      gathers.sum,
      (reader, own) => reader.leaveUser(own, channel, uid),
      { about: channel }
    )
  }

  members(head: UserOperationHead, channel: string, after: number, count: number): void {
    const peers = this.#fanOut.peersToAsk(head, 'channel', channel)
    if (peers === undefined) return this.#local.members(head, channel, after, count)
    const page = { about: channel, limit: count }
    this.#fanOut.run(
      'members',
      head,
      peers,
      gathers.members,
      (reader, own) => reader.members(own, channel, after, count),
      page
    )
  }

  channelSize(head: UserOperationHead, channel: string): void {
    const peers = this.#fanOut.peersToAsk(head, 'channel', channel)
    if (peers === undefined) return this.#local.channelSize(head, channel)
    this.#fanOut.run(
      'channelSize',
      head,
      peers,
      gathers.sum,
      (reader, own) => reader.channelSize(own, channel),
      { about: channel }
    )
  }

  sessionsInChannel(head: UserOperationHead, channel: string, uid: string): void {
    const peers = this.#fanOut.peersFor(head, 'user', uid)
    if (peers === undefined) return this.#local.sessionsInChannel(head, channel, uid)
    this.#fanOut.run(
      'sessionsInChannel',
      head,
      peers,
      gathers.located,
      (reader, own) => reader.sessionsInChannel(own, channel, uid),
      { about: channel }
    )
  }

  destroyChannel(head: UserOperationHead, channel: string): void {
    const peers = this.#fanOut.peersFor(head, 'channel', channel)
    if (peers === undefined) return this.#local.destroyChannel(head, channel)
    this.#fanOut.run(
      'destroyChannel',
      head,
      peers,
      gathers.nothing,
      (reader, own) => reader.destroyChannel(own, channel),
      { about: channel }
    )
  }
}

type WriteEvent = (reader: EventReader, own: UserOperationHead) => void

function detailsOf({ name, body, rich, delivery }: EventText, more = 0): OperationDetails {
  return { about: name, characters: body.length + rich.length + more, delivery }
}
