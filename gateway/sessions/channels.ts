/**
 * Channels: named sets of sessions. One comes to be with its first member and ceases with its last; a session
 * that ends leaves all of its own.
 */
import { errors, type GatewayError } from '../../shared/errors.js'
import type { GatewayEvent } from '../events/event.js'
import type { Receiver, Session } from './session.js'

export interface ChannelLimits {
  /** Channels that one session may be in. */
  readonly maxChannels: number
  /** Sessions that may be in one channel. */
  readonly maxMembers: number
}

export class Channels {
  readonly #limits: ChannelLimits
  /** The members of each, in the order in which they joined. */
  readonly #byName = new Map<string, Set<Session>>()

  constructor(limits: ChannelLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byName.size
  }

  /** Who is in it, in the order in which they joined. The set is the channel's own: it is only to be read. */
  membersOf(name: string): ReadonlySet<Session> {
    return this.#byName.get(name) ?? nobody
  }

  /** Gives the error if the session can't join. One who is in it already stays, and at its place. */
  join(session: Session, name: string): GatewayError | undefined {
    const members = this.#byName.get(name)
    if (members?.has(session) === true) return undefined
    const { maxChannels, maxMembers } = this.#limits
    if ((session.channels?.size ?? 0) >= maxChannels) return errors.tooManyChannels(name, maxChannels)
    if ((members?.size ?? 0) >= maxMembers) return errors.channelFull(name, maxMembers)
    if (members === undefined) this.#byName.set(name, new Set([session]))
    else members.add(session)
    session.channels ??= new Set()
    session.channels.add(name)
    session.channelsChanged()
    return undefined
  }

  /** Of one who is not in it: does nothing. */
  leave(session: Session, name: string): void {
    const members = this.#byName.get(name)
    if (members?.delete(session) !== true) return
    session.channels?.delete(name)
    session.channelsChanged()
    if (members.size === 0) this.#byName.delete(name)
  }

  leaveAll(session: Session): void {
    for (const name of session.channels ?? []) this.leave(session, name)
  }

  destroy(name: string): void {
    const members = this.#byName.get(name)
    this.#byName.delete(name)
    for (const session of members ?? []) {
      session.channels?.delete(name)
      session.channelsChanged()
    }
  }
}

const nobody: ReadonlySet<Session> = new Set()

/** Whether a client can read what an event has to say. */
export function canRead({ readsRich }: Receiver, { richOnly }: GatewayEvent): boolean {
  return readsRich || !richOnly
}

/**
 * Sends an event to each of these sessions but those that are excepted. Gives to how many it goes: where it
 * was not dropped.
 */
export function sendToAll(
  sessions: readonly Session[] | ReadonlySet<Session>,
  event: GatewayEvent,
  except: ReadonlySet<number> = noNumbers
): number {
  event.isShared = ('size' in sessions ? sessions.size : sessions.length) > 1
  let count = 0
  for (const session of sessions) {
    const { receiver, sid } = session
    if (receiver === undefined || except.has(sid) || !canRead(receiver, event)) continue
    if (receiver.event(event)) count++
  }
  return count
}

const noNumbers: ReadonlySet<number> = new Set()
