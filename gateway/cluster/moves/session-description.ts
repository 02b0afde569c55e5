/** What is written down of a session, for the gateway that it goes to and for the store. */
import { closeCodes } from '../../../shared/close-codes.js'
import type { BacklogState } from '../../resume/backlog.js'
import type { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { Session } from '../../sessions/session.js'
import type { MovableSession } from '../items/movable.js'

/** How a session ends whose gateway was lost, and whose client does not come back. */
export const lostWithGateway = { code: closeCodes.normal, reason: 'its gateway was lost', kickReason: null }

/** The epoch of a session whose client does not know yet that it was restored, and is told when it comes. */
export const notYet = ''

/** The backlog of a session that begins to count anew. */
const noMessages: BacklogState = {
  sent: 0,
  gone: 0,
  latestFloor: 0,
  acknowledged: 0,
  frames: [],
  latest: []
}

/** Returns how many bytes a session has on its way, about: seldom less than it is written in. */
export function sizeOf(session: Session, receiver: ResumableReceiver): number {
  const { waiting, concurrent } = session.lane
  let bytes = session.bytes + (receiver.inspect(false).backlog?.bytes ?? 0)
  for (const { body } of [...waiting, ...(concurrent ?? [])]) bytes += 2 * body.length
  return bytes
}

/** Returns the state of a session without its client's. */
export function stateOf(session: Session): MovableSession['session'] {
  const { sid, since, protocol, resumeWindow = null } = session
  const channels = [...(session.channels ?? [])]
  return { ...session.exportSettings(), sid, since, protocol, resumeWindow, channels }
}

/** Returns what a session can be restored from: all but its messages, its counts and its requests. */
export function describe(
  session: Session,
  receiver: ResumableReceiver,
  secrets: MovableSession['secrets']
): MovableSession {
  const dropped = receiver.dropped ?? lostWithGateway
  return {
    session: stateOf(session),
    receiver: {
      ...receiver.exportClient(),
      epoch: notYet,
      received: 0,
      given: 0,
      dropped,
      backlog: noMessages
    },
    secrets,
    requests: [],
    absence: null,
    claim: null
  }
}
