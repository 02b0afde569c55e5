/** Applies what workers ask for about events and channels. One instance for each worker. */

import { errors } from '../shared/errors.js'
import type { EventText } from '../shared/event.js'
import type { EventReader, OperationHead, UserOperationHead } from '../shared/outbox.js'
import type { Answers } from './answers.js'
import { type Channels, sendToAll } from './channels.js'
import { GatewayEvent } from './event.js'
import type { Metrics } from './metrics.js'
import type { Registry } from './registry.js'
import type { Session } from './session.js'

export interface EventOperationsInit {
  readonly answers: Answers
  readonly registry: Registry
  readonly channels: Channels
  readonly metrics: Metrics
}

export class EventOperations implements EventReader {
  readonly #init: EventOperationsInit

  constructor(init: EventOperationsInit) {
    this.#init = init
  }

  send(head: OperationHead, event: EventText): void {
    const { answers, registry } = this.#init
    if (answers.refuseEarly('send', head)) return
    const session = registry.find(head.sid)
    this.#deliver(head.ack, session === undefined ? [] : [session], event, '')
  }

  sendToUser(head: UserOperationHead, uid: string, event: EventText, except: string): void {
    const { answers, registry } = this.#init
    if (!answers.refuseEarly('sendToUser', head))
      this.#deliver(head.ack, registry.findByUid(uid), event, except)
  }

  broadcast(head: UserOperationHead, bound: number, event: EventText, except: string): void {
    const { answers, registry } = this.#init
    if (answers.refuseEarly('broadcast', head)) return
    const all = registry.all()
    this.#deliver(head.ack, bound === 1 ? all.filter(({ uid }) => uid !== null) : all, event, except)
  }

  sendToChannel(head: UserOperationHead, channel: string, event: EventText, except: string): void {
    const { answers, channels } = this.#init
    // A copy: a receiver that is too slow for it is closed, and leaves.
    if (!answers.refuseEarly('sendToChannel', head))
      this.#deliver(head.ack, [...channels.membersOf(channel)], event, except)
  }

  join(head: OperationHead, channel: string): void {
    const { answers, registry, channels } = this.#init
    if (answers.refuseEarly('join', head)) return
    const session = registry.find(head.sid)
    const error = session === undefined ? errors.sessionNotFound(head.sid) : channels.join(session, channel)
    if (error === undefined) answers.ack(head.ack, '')
    else answers.refuse('join', head, error, channel)
  }

  leave(head: OperationHead, channel: string): void {
    const { answers, registry, channels } = this.#init
    if (answers.refuseEarly('leave', head)) return
    const session = registry.find(head.sid)
    if (session !== undefined) channels.leave(session, channel)
    answers.ack(head.ack, '')
  }

  members(head: UserOperationHead, channel: string, after: number, count: number): void {
    const { answers, channels } = this.#init
    if (answers.refuseEarly('members', head)) return
    const page: [sid: number, uid: string | null][] = []
    // By number, which never changes, so that a page begins where the one before ended, whoever leaves meanwhile.
    const members = [...channels.membersOf(channel)].sort((a, b) => a.sid - b.sid)
    for (const { sid, uid } of members) {
      if (page.length === count) break
      if (sid > after) page.push([sid, uid])
    }
    answers.ack(head.ack, JSON.stringify(page))
  }

  channelSize(head: UserOperationHead, channel: string): void {
    const { answers, channels } = this.#init
    if (!answers.refuseEarly('channelSize', head))
      answers.ack(head.ack, String(channels.membersOf(channel).size))
  }

  destroyChannel(head: UserOperationHead, channel: string): void {
    const { answers, channels } = this.#init
    if (answers.refuseEarly('destroyChannel', head)) return
    channels.destroy(channel)
    answers.ack(head.ack, '')
  }

  #deliver(ack: number, sessions: readonly Session[], text: EventText, except: string): void {
    const { answers, metrics } = this.#init
    const numbers = except === '' ? undefined : new Set<number>(JSON.parse(except))
    const count = sendToAll(sessions, new GatewayEvent(text), numbers)
    metrics.count('eventsSent', count)
    answers.ack(ack, String(count))
  }
}
