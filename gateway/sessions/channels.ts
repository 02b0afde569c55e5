/**
 * Channels: named sets of sessions, and the limits of both. A channel exists from its first member to its
 * last; a session that ends leaves all of its channels.
 */
import { errors, type GatewayError } from '../../shared/errors.js'
import type { GatewayEvent } from '../events/event.js'
import type { Receiver } from './receiver.js'
import type { Session } from './session.js'

export interface ChannelLimits {
  /** Channels that one session may be in. */
  readonly maxChannels: number
  /** Sessions that may be in one channel. */
  readonly maxMembers: number
}

// LOCAL-SESSIONS: members are Session objects of this gateway, and `maxMembers` and `size` count only these.
// Channels of the same name in two gateways would be two channels.
export class Channels {
  readonly #limits: ChannelLimits
  /** The members of each channel, in the order in which they joined. */
  readonly #byName = new Map<string, Set<Session>>()

  constructor(limits: ChannelLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byName.size
  }

  /**
   * Returns the members of a channel, in the order in which they joined. The set belongs to the channel: do
   * not change it.
   */
  membersOf(name: string): ReadonlySet<Session> {
    return this.#byName.get(name) ?? nobody
  }

  /**
   * Adds a session to a channel. Returns the error if it can't join. A member that joins again keeps its
   * place.
   */
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

  /** Removes a session from a channel. Does nothing if it is no member. */
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

/** Whether a client can read the body of an event. */
export function canRead({ readsRich }: Receiver, { richOnly }: GatewayEvent): boolean {
  return readsRich || !richOnly
}

/**
 * Sends an event to each of these sessions except those in `except`. Returns how many did not drop it.
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
