/** What the sessions of a gateway are taken apart with, and one that is on its way. */
import { closeCodes } from '../../../shared/close-codes.js'
import type { GatewayEvent } from '../../events/event.js'
import type { AbsenceState, SessionHooks } from '../../intake/session-hooks.js'
import type { BacklogState } from '../../resume/backlog.js'
import type { ResumableReceiver } from '../../resume/resumable-receiver.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Channels } from '../../sessions/channels.js'
import type { Registry } from '../../sessions/registry.js'
import type { RouteTable } from '../../sessions/routes.js'
import type { Session } from '../../sessions/session.js'
import type { WaitingRequest } from '../../sessions/session-state.js'
import type { Cuts } from '../cuts/cuts.js'
import type { Link } from '../link/links.js'
import type { HeldLanes } from './held-lanes.js'
import type { MovableSession } from './movable.js'

/** Claims of users that go with their sessions. */
export interface MovedClaims {
  mayMove(uid: string, sid: number): boolean
  moveOut(uid: string, sid: number, to: number): MovableSession['claim'] | undefined
  takeBack(uid: string, sid: number): void
  adopt(uid: string, sid: number, old: NonNullable<MovableSession['claim']>): Promise<unknown>
  /** Calls `done` when the claim of a session that has come is held, or over. */
  whenSettled(uid: string, sid: number, done: () => void): void
  release(uid: string, sid: number): void
}

/** What is told of the moves of sessions. */
export type MovedCuts = Pick<
  Cuts,
  'leaves' | 'stays' | 'goes' | 'restored' | 'ended' | 'whenOwn' | 'whenOrdered'
>

/** Operations that wait for sessions on their way. */
export interface WaitingOperations {
  /** Whether some wait for a session. */
  awaits(sid: number): boolean
  /** It is decided where a session is: what waits for it is done there. */
  decided(sid: number): void
}

export interface GatewayStockInit {
  readonly registry: Registry
  readonly channels: Channels
  readonly resumption: Resumption
  readonly hooks: Pick<SessionHooks, 'moveOut' | 'moveIn' | 'restored'>
  readonly lanes: HeldLanes
  readonly routes: RouteTable
  /** undefined: users are not claimed. */
  readonly claims: MovedClaims | undefined
}

/** How a session ends whose gateway was lost, and whose client does not come back. */
export const lostWithGateway = { code: closeCodes.normal, reason: 'its gateway was lost', kickReason: null }
/** The epoch of a session whose client does not know yet that it was restored, and is told when it comes. */
export const notYet = ''

/** The backlog of a session that begins to count anew. */
const noMessages: BacklogState = {
  ...{ sent: 0, gone: 0, latestFloor: 0, acknowledged: 0 },
  ...{ frames: [], latest: [] }
}

export interface Leaver {
  readonly session: Session
  readonly receiver: ResumableReceiver
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
    ...{ requests: [], absence: null, claim: null }
  }
}
