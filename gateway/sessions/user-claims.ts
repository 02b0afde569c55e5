/** Claims of users over several gateways, as the sessions' room sees them. A gateway alone has none. */
import type { GatewayError } from '../../shared/errors.js'

export interface UserClaims {
  /**
   * Claims a user for a session that is to be bound, so that no other gateway binds them. Resolves to the
   * error if the user can't be had: `SINGLE_SESSION`, or `CLUSTER_UNAVAILABLE`.
   */
  claim(uid: string, sid: number): Promise<GatewayError | undefined>
  /** Gives up the claim of a session. Does nothing if it has none. */
  release(uid: string, sid: number): void
}

/** What the claims ask of the sessions of this gateway. */
export interface ClaimedSessions {
  /**
   * Another gateway wants the user. With `kick` their session here ends; with `reject` it ends only if its
   * client is away. Returns whether the session has ended, or is not there. A session that has the claim, but
   * is not bound yet, is treated as if it were. With `kick` it is also called while the claim is not decided;
   * then the claim fails with `SINGLE_SESSION`.
   */
  giveUp(uid: string, sid: number, mode: 'reject' | 'kick'): boolean
}
