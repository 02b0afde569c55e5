/** The owner of the receivers of sessions that can be resumed, as the receivers see it. */
import type { Ending } from '../sessions/registry-events.js'
import type { Session } from '../sessions/session.js'
import type { Farewell } from './farewells.js'
import type { ResumableReceiver } from './resumable-receiver.js'

/** Owner of the receivers whose clients are away. Implemented by Resumption. */
export interface ResumableKeeper {
  detached(receiver: ResumableReceiver): void
  attached(receiver: ResumableReceiver): void
  /** Called when the memory of a receiver has changed while its client is away. */
  resized(receiver: ResumableReceiver): void
  /** Called when a receiver has ended, with its session or before a session began. */
  ended(receiver: ResumableReceiver, farewell: Farewell): void
  endSession(session: Session, ending: Ending): void
  /** Called when the backlog has dropped a message that the client needs next. */
  overflowed(receiver: ResumableReceiver): void
  confirmed(receiver: ResumableReceiver): void
}
