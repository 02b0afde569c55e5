/** What a resumable receiver is made of: its connection, its settings, and its state for another gateway. */
import { type CloseCode, closeCodes } from '../../shared/close-codes.js'
import type { GatewayEvent } from '../events/event.js'
import type { ClientAddress } from '../options/options.js'
import type { PomeloForm, PomeloMessages } from '../protocols/pomelo-messages.js'
import type { ReceiverState } from '../sessions/receiver.js'
import type { Ending } from '../sessions/registry-events.js'
import type { Metrics } from '../telemetry/metrics.js'
import type { Backlog, BacklogState } from './backlog.js'
import type { ResumableKeeper } from './resumable-keeper.js'

/** Keeps events of a session that has moved here until earlier ones have come. */
export interface EventHold {
  /** Keeps an event if it has to wait. Returns whether it does. */
  take(event: GatewayEvent): boolean
  /** Sends all that waits. */
  giveUp(): void
}

/** The part of the client's current connection that the receiver uses. */
export interface ResumableConnection {
  readonly address: ClientAddress
  inspect(isWatched: boolean): ReceiverState
  sendFrame(frame: string, isMoreNear: boolean): void
  sendEvent(event: GatewayEvent, frame: string): boolean
  /** Sends what `next` returns, piece by piece, until it returns ''. */
  feed(next: () => string): void
  pause(): void
  resume(): void
  end(code: number, kickReason: string | null): void
  close(code: CloseCode, reason: string): void
}

export interface ResumableInit {
  readonly messages: PomeloMessages
  readonly backlog: Backlog
  /** The number of its session, which may not have begun yet. */
  readonly sid: number
  /** The uid that the host gave the client when the session began. */
  readonly uid: string | null
  /** The epoch to which the counts belong. */
  readonly epoch: string
  readonly metrics: Metrics
  readonly keeper: ResumableKeeper
}

/** A receiver whose client is away, as one gateway hands it over to another. */
export interface ResumableState {
  readonly uid: string | null
  readonly epoch: string
  readonly form: PomeloForm
  readonly address: ClientAddress
  /** Data messages of the client that were taken in. */
  readonly received: number
  /** Number of counted messages that were passed to a connection, and so may have arrived. */
  readonly given: number
  /** How the session ends if the client does not come back. */
  readonly dropped: Ending
  readonly backlog: BacklogState
}

/** Bytes that a detached session takes if it holds nothing; verified by a test. */
export const cost = 2_048

/** How a session ends whose client went to another gateway, and is not seen again. */
export const movedAway: Ending = {
  code: closeCodes.resumed,
  reason: 'its client went to another gateway',
  kickReason: null
}

/** Who may resume a session: the user with whom it began, or its present one. */
export type ResumeUsers = readonly [first: string | null, last: string | null]

/** Returns whether a user is one of these. Nobody is only the first. */
export function isEither([first, last]: ResumeUsers, uid: string | null): boolean {
  return uid === first || (uid !== null && uid === last)
}
