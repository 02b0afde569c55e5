/**
 * Binds of sessions to users that must be claimed first, in all gateways of a cluster.
 *
 * A bind takes time, in which the session may end, or its user may come elsewhere. Binds and unbinds of one
 * session take effect in the order in which they were asked for. A session whose bind is under way has no
 * user yet.
 */
import { errors, type GatewayError } from '../../shared/errors.js'
import type { Registry } from './registry.js'
import { replaced } from './registry-events.js'
import type { Session } from './session.js'

/** Claims of users over several gateways. A gateway alone has none. */
export interface UserClaims {
  /**
   * Claims a user for a session that is to be bound, so that no other gateway binds them. Resolves to the
   * error if the user can't be had: `SINGLE_SESSION`, or `CLUSTER_UNAVAILABLE`.
   *
   * @param isRestored whether the session had the user before its gateway was lost: then any other session of
   * the user is the newer one, and keeps them
   */
  claim(uid: string, sid: number, isRestored?: boolean): Promise<GatewayError | undefined>
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
   * Another gateway wants the user. With `kick` their session here ends. With `reject` it ends only if its
   * client is away, and not where newcomers are to `kick`: there whoever asks so had the user before, and the
   * newer session stays. Returns whether the session has ended, or is not there. With `kick` it is
   * also called while the claim is not decided; then the claim fails with `SINGLE_SESSION`.
   */
  giveUp(uid: string, sid: number, mode: 'reject' | 'kick'): boolean
}

export interface ClaimedBindsInit {
  readonly claims: UserClaims
  readonly registry: Pick<Registry, 'find' | 'isLeaving' | 'judgeBind' | 'setBound' | 'unbind' | 'end'>
  /** What happens to a second session of a user, as the option `singleSession` says. */
  readonly mode: 'reject' | 'kick'
}

export class ClaimedBinds implements ClaimedSessions {
  readonly #init: ClaimedBindsInit
  /** Settles with the last bind or unbind of a session that is under way. */
  readonly #last = new Map<Session, Promise<unknown>>()

  constructor(init: ClaimedBindsInit) {
    this.#init = init
  }

  /** Whether a newcomer ends the user's other sessions, so that who is refused was replaced. */
  get lastOneWins(): boolean {
    return this.#init.mode === 'kick'
  }

  /** Claims a user for a session that is to begin. Resolves to the error if the user can't be had. */
  claimNewcomer(uid: string, sid: number): Promise<GatewayError | undefined> {
    return this.#init.claims.claim(uid, sid)
  }

  /**
   * Claims a user for a session that had them before its gateway was lost. With `kick` a newer session of the
   * user keeps them. Resolves to the error if the user can't be had.
   */
  claimRestored(uid: string, sid: number): Promise<GatewayError | undefined> {
    return this.#init.claims.claim(uid, sid, true)
  }

  /** Returns why a claim that was granted is lost again: another has taken the user in the moment since. */
  judgeClaim(uid: string, sid: number): GatewayError | undefined {
    return this.#init.claims.isHeld(uid, sid) ? undefined : errors.singleSession(uid)
  }

  /** Gives up the claim of a session, whether it has begun or not. Does nothing if it has none. */
  release(uid: string, sid: number): void {
    this.#init.claims.release(uid, sid)
  }

  /** Binds a session. Resolves to the error if that fails. Binding to the same uid again is no error. */
  bind(session: Session, uid: string, viewId = 0): Promise<GatewayError | undefined> {
    return this.#behind(session, () => this.#bind(session, uid, viewId))
  }

  /** Unbinds a session, behind its binds that are under way. Resolves to the error if that fails. */
  unbind(session: Session, uid: string, viewId = 0): Promise<GatewayError | undefined> {
    return this.#behind(session, async () =>
      session.isOpen ? this.#init.registry.unbind(session, uid, viewId) : errors.sessionNotFound(session.sid)
    )
  }

  /** Whether a bind or an unbind of a session is under way. */
  isBusy(session: Session): boolean {
    return this.#last.has(session)
  }

  giveUp(uid: string, sid: number, mode: 'reject' | 'kick'): boolean {
    const { registry } = this.#init
    if (registry.isLeaving(sid)) return false
    const session = registry.find(sid)
    if (session?.uid !== uid) return true
    if (mode === 'reject' && (this.lastOneWins || session.receiver?.isConnected === true)) return false
    registry.end(session, replaced)
    return true
  }

  async #bind(session: Session, uid: string, viewId: number): Promise<GatewayError | undefined> {
    const early = this.#judge(session, uid)
    if (early !== undefined) return early === 'bound' ? undefined : early
    const refused = await this.#init.claims.claim(uid, session.sid)
    // That the session has ended says more than how its claim went.
    if (refused !== undefined) return session.isOpen ? refused : errors.sessionNotFound(session.sid)
    const late = this.#judge(session, uid) ?? this.judgeClaim(uid, session.sid)
    if (late === 'bound') return undefined
    const error = late ?? this.#init.registry.setBound(session, uid, viewId)
    if (error !== undefined) this.release(uid, session.sid)
    return error
  }

  #judge(session: Session, uid: string): GatewayError | 'bound' | undefined {
    return session.isOpen ? this.#init.registry.judgeBind(session, uid) : errors.sessionNotFound(session.sid)
  }

  #behind<Result>(session: Session, run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.get(session)?.then(run) ?? run()
    const over: Promise<unknown> = result
      .catch(() => {})
      .finally(() => {
        if (this.#last.get(session) === over) this.#last.delete(session)
      })
    this.#last.set(session, over)
    return result
  }
}
