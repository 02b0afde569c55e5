/** What the registry tells its listeners: the life of each session. */
import { closeCodes } from '../../shared/close-codes.js'
import type { ConnectInfo } from '../../shared/link/hooks.js'
import type { Session } from './session.js'

export interface RegistryEvents {
  /** `client`: what is known of the client beside its address. */
  opened: [session: Session, client: ClientInfo]
  /**
   * Emitted when the client's connection was lost and the session waits for it. `endsAt`: when the session
   * ends if the client does not come back, by the wall clock.
   */
  dropped: [session: Session, reason: string, endsAt: number]
  /**
   * Emitted when a client is back on another connection, whether the loss of the last one was noticed or not.
   */
  resumed: [session: Session, client: ClientInfo]
  /** Emitted when the time for which a session waits for its client was set. */
  resumeWindow: [session: Session]
  bind: [session: Session, uid: string]
  unbind: [session: Session, uid: string]
  /** Emitted when another gateway has taken over. Listeners still see the uid and the settings. */
  moved: [session: Session, to: string]
  /** Emitted when a session of another gateway goes on here. Its client may not be here yet. */
  movedIn: [session: Session, from: string]
  /** Emitted once for each session, in the gateway that it ends in. */
  closed: [session: Session, reason: string]
}

/** Named as the other gateway of a session that comes from the store, or goes there. */
export const inStore = '(store)'

export type ClientInfo = Omit<ConnectInfo, 'address' | 'resumed' | 'moved' | 'restored'>

/** The end of a session, and what its client is told. */
export interface Ending {
  readonly code: number
  /** The reason for the log and for listeners. */
  readonly reason: string
  /** What the client is told in a kick; null: it sees only the close code. */
  readonly kickReason: string | null
}

/** The end of a session whose user came from elsewhere. */
export const replaced = {
  code: closeCodes.replaced,
  reason: 'replaced',
  kickReason: 'The same user came from elsewhere'
} as const satisfies Ending
