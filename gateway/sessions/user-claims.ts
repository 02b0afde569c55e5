/** Claims of users over several gateways, as the sessions' room sees them. A gateway alone has none. */
import type { GatewayError } from '../../shared/errors.js'

export interface UserClaims {
  /**
   * Claims a user for a session that is to be bound, so that no other gateway binds them. Resolves to the
   * error if the user can't be had: `SINGLE_SESSION`, or `CLUSTER_UNAVAILABLE`.
   */
  claim(uid: string, sid: number): Promise<GatewayError | undefined>
  /**
   * Returns whether a session has its claim at this moment. To be looked at in the same turn in which the
   * session is bound: another may have taken the user in the moment since `claim` was answered.
   */
  isHeld(uid: string, sid: number): boolean
  /** Gives up the claim of a session. Does nothing if it has none. */
  release(uid: string, sid: number): void
}

/** What the claims ask of the sessions of this gateway. */
export interface ClaimedSessions {
  /**
   * Another gateway wants the user. With `kick` their session here ends; with `reject` it ends only if its
   * client is away. Returns whether the session has ended, or is not there. With `kick` it is
   * also called while the claim is not decided; then the claim fails with `SINGLE_SESSION`.
   */
  giveUp(uid: string, sid: number, mode: 'reject' | 'kick'): boolean
}
