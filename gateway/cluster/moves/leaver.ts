/** A session that has been taken apart, and is on its way. */
import type { GatewayEvent } from '../../events/event.js'
import type { AbsenceState } from '../../intake/session-hooks.js'
import type { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { Session } from '../../sessions/session.js'
import type { WaitingRequest } from '../../sessions/session-state.js'
import type { Link } from '../link/links.js'

export interface Leaver {
  readonly session: Session
  readonly receiver: ResumableReceiver
  /** Where it goes; undefined: to the store. */
  readonly to: Link | undefined
  readonly channels: readonly string[]
  readonly joins: number
  readonly requests: readonly WaitingRequest[]
  readonly absence: AbsenceState
  /** Events that came since it left. */
  readonly late: GatewayEvent[]
}

/** Repeats what has become of a session's channels while it was on its way. */
export function repeatChannels({ session, channels }: Leaver, to: Link): void {
  const head = { rid: 0, viewId: 0, ack: 0, frontendId: to.frontendId, sid: session.sid }
  const now = session.channels ?? new Set()
  for (const name of now) if (!channels.includes(name)) to.outbox.join(head, name)
  for (const name of channels) if (!now.has(name)) to.outbox.leave(head, name)
}
