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

/** Is told of the names that sessions are found by. */
export interface NameWatcher {
  /** The first session came under a name. */
  first(name: string): void
  /** The last session under a name went. */
  last(name: string): void
}

/** Names that sessions are found by, as a cluster watches them. */
export interface NameSource {
  /** Returns all names. They may come and go while the iterator is used. */
  names(): Iterable<string>
  /** Sets the one watcher. */
  watchNames(watcher: NameWatcher): void
}

/** Sessions by a name that several may have, in the order in which they came. */
export class SessionsByName implements NameSource {
  readonly #byName = new Map<string, Set<Session>>()
  /** undefined in a gateway without a cluster. */
  #watcher: NameWatcher | undefined

  /** Number of names. */
  get size(): number {
    return this.#byName.size
  }

  names(): Iterable<string> {
    return this.#byName.keys()
  }

  watchNames(watcher: NameWatcher): void {
    this.#watcher = watcher
  }

  /** Returns the sessions under a name. The set is not to be changed. */
  get(name: string): ReadonlySet<Session> {
    return this.#byName.get(name) ?? nobody
  }

  add(name: string, session: Session): void {
    const sessions = this.#byName.get(name)
    if (sessions !== undefined) {
      sessions.add(session)
      return
    }
    this.#byName.set(name, new Set([session]))
    this.#watcher?.first(name)
  }

  /** Returns whether the session was there. */
  remove(name: string, session: Session): boolean {
    const sessions = this.#byName.get(name)
    if (sessions?.delete(session) !== true) return false
    if (sessions.size === 0) this.removeAll(name)
    return true
  }

  /** Removes all sessions under a name, and returns them. */
  removeAll(name: string): ReadonlySet<Session> {
    const sessions = this.get(name)
    if (this.#byName.delete(name)) this.#watcher?.last(name)
    return sessions
  }
}

const nobody: ReadonlySet<Session> = new Set()

// LOCAL-SESSIONS: members are Session objects of this gateway, and `maxMembers` and `size` count only these.
// The members of a channel in other gateways of a cluster are theirs (gateway/cluster/routing).
export class Channels {
  readonly #limits: ChannelLimits
  /** The members of each channel, in the order in which they joined. */
  readonly members = new SessionsByName()

  constructor(limits: ChannelLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.members.size
  }

  /**
   * Returns the members of a channel, in the order in which they joined. The set belongs to the channel: do
   * not change it.
   */
  membersOf(name: string): ReadonlySet<Session> {
    return this.members.get(name)
  }

  /**
   * Adds a session to a channel. Returns the error if it can't join. A member that joins again keeps its
   * place.
   */
  join(session: Session, name: string): GatewayError | undefined {
    const members = this.members.get(name)
    if (members.has(session)) return undefined
    const { maxChannels, maxMembers } = this.#limits
    if ((session.channels?.size ?? 0) >= maxChannels) return errors.tooManyChannels(name, maxChannels)
    if (members.size >= maxMembers) return errors.channelFull(name, maxMembers)
    this.moveIn(session, name)
    return undefined
  }

  /** Adds a session that was a member in another gateway, where the limits held. */
  moveIn(session: Session, name: string): void {
    this.members.add(name, session)
    session.channels ??= new Set()
    session.channels.add(name)
    session.channelsChanged()
  }

  /** Removes a session from a channel. Does nothing if it is no member. */
  leave(session: Session, name: string): void {
    if (!this.members.remove(name, session)) return
    session.channels?.delete(name)
    session.channelsChanged()
  }

  leaveAll(session: Session): void {
    for (const name of session.channels ?? []) this.leave(session, name)
  }

  destroy(name: string): void {
    for (const session of this.members.removeAll(name)) {
      session.channels?.delete(name)
      session.channelsChanged()
    }
  }
}

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
  except: Pick<ReadonlySet<number>, 'has'> = noNumbers
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
