/** The names of sessions in calls of the host, and the delivery of its events in this gateway. */
import type { SessionAddress } from '../../shared/address.js'
import { errors } from '../../shared/errors.js'
import type { EventOptions } from '../../shared/events/event.js'
import { describeValue } from '../../shared/text/described.js'
import type { GatewayEvent } from '../events/event.js'
import { type Channels, sendToAll } from '../sessions/channels.js'
import type { Registry } from '../sessions/registry.js'
import type { Session } from '../sessions/session.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { HostOperations } from './host-operations.js'
import type { HostSession } from './host-session.js'
import type { SessionService } from './session-service.js'

/** Names a session: by its number, its address, or its HostSession. */
export type HostSessionLike = number | SessionAddress | HostSession

export interface HostExceptOptions extends EventOptions {
  /** Sessions that do not receive the event. In a cluster, of whichever gateways. */
  readonly except?: HostSessionLike | readonly HostSessionLike[]
}

/** @internal */
export interface HostEventsInit {
  readonly frontendId: string
  readonly registry: Registry
  readonly channels: Channels
  readonly sessions: SessionService
  readonly metrics: Metrics
  readonly operations: HostOperations
}

/**
 * @internal Returns the address of a session. A bare number names one of this gateway, or one that has moved
 * from here. `isUidTaken`: whether the caller takes a uid, too. Its error says so.
 *
 * @throws TypeError for a value that names no session
 */
export function addressOf(
  session: HostSessionLike,
  { frontendId }: Pick<HostEventsInit, 'frontendId'>,
  isUidTaken = false
): SessionAddress {
  if (typeof session === 'number') return { frontendId, sid: session }
  const named = session as Partial<SessionAddress & Pick<HostSession, 'id'>> | null | undefined
  const sid = named?.sid ?? named?.id
  if (typeof sid === 'number' && typeof named?.frontendId === 'string')
    return { frontendId: named.frontendId, sid }
  throw new TypeError(
    `Expected ${isUidTaken ? 'a uid, ' : ''}a session, its number, or its { frontendId, sid }, got ${describeValue(session)}`
  )
}

/**
 * @internal Returns the number of a session of this gateway, for the calls that are answered at once.
 *
 * @throws `FRONTEND_UNKNOWN` for an address of another gateway; TypeError for that in a cluster, and for a
 * value that names no session
 */
export function numberOf(session: HostSessionLike, init: HostEventsInit, isUidTaken = false): number {
  const { frontendId, sid } = addressOf(session, init, isUidTaken)
  if (frontendId === init.frontendId) return sid
  if (!init.operations.isClustered) throw errors.frontendUnknown(frontendId)
  // It has moved here.
  if (init.registry.find(sid) !== undefined) return sid
  throw new TypeError(
    `Expected a session of this gateway, got one of ${JSON.stringify(frontendId)}: asend, ajoin and aleave reach it`
  )
}

/** @internal Returns the numbers of sessions that an event is not for. */
export function exceptedOf(
  except: HostSessionLike | readonly HostSessionLike[] = [],
  init: HostEventsInit
): readonly number[] {
  const list = Array.isArray(except) ? (except as readonly HostSessionLike[]) : [except as HostSessionLike]
  // In a cluster, numbers are unique over all gateways.
  if (init.operations.isClustered) return list.map(session => addressOf(session, init).sid)
  return list.map(session => numberOf(session, init))
}

/** @internal Formats excepted sessions for an operation: a JSON array, '' for none. */
export function formatExcepted(numbers: readonly number[]): string {
  return numbers.length === 0 ? '' : JSON.stringify(numbers)
}

/** @internal Sends an event to sessions of this gateway. Returns how many get it. */
export function deliver(
  { metrics }: Pick<HostEventsInit, 'metrics'>,
  sessions: readonly Session[],
  event: GatewayEvent,
  excepted: readonly number[] = []
): number {
  const count = sendToAll(sessions, event, new Set(excepted))
  metrics.countEvent(event.delivery, count)
  return count
}
