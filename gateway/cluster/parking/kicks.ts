/**
 * Kicks of users whose sessions no gateway has: they are parked, or wait to be restored after a crash.
 *
 * The gateway in which a user is kicked notes it in the store, behind the entries of the sessions that it is
 * for. Whoever restores one of those finds the kick instead. The log's numbers decide, and no clocks. A
 * gateway that has parked sessions of the user when it hears of the kick notes it, too: those may be newer.
 */
import { errors, type GatewayError } from '../../../shared/errors.js'
import type { KickStore } from '../../operations/operation-acks.js'
import type { Registry } from '../../sessions/registry.js'
import type { Session } from '../../sessions/session.js'
import type { Timing } from '../link/link-host.js'
import type { ParkedLog } from './entries/parked-log.js'

export interface KicksInit {
  readonly log: Pick<ParkedLog, 'appendKick' | 'kickBehind'>
  readonly registry: Pick<Registry, 'find' | 'kick' | 'on'>
  readonly after: Timing['after']
}

/**
 * Milliseconds after which a kick that came while a session was restored is in the store, or was answered
 * with an error. All other gateways have heard of the session by then, too.
 */
const settledAfter = 10_000

/** Milliseconds until the store is asked again that has not answered. */
const againAfter = 1_000

export class Kicks implements KickStore {
  readonly #init: KicksInit
  /** The users whose sessions were parked here. A gateway parks when it leaves, so this has an end. */
  readonly #parked = new Set<string>()

  /** Sessions that were restored here, and are still bound as they were then. */
  readonly #restored = new Set<number>()

  constructor(init: KicksInit) {
    this.#init = init
    for (const event of ['unbind', 'moved', 'closed'] as const)
      init.registry.on(event, ({ sid }: Session) => this.#restored.delete(sid))
  }

  /** A session of a user was parked by this gateway. */
  parked(uid: string | null): void {
    if (uid !== null) this.#parked.add(uid)
  }

  async note(uid: string, reason: string | null, isRelayed: boolean): Promise<GatewayError | undefined> {
    if (isRelayed && !this.#parked.has(uid)) return undefined
    const number = await this.#init.log.appendKick(uid, reason)
    return number === undefined ? errors.kickNotKept(uid) : undefined
  }

  /**
   * A session was restored here from the entry with this number. Looks once more for kicks of its user: one
   * may have come when the other gateways had not heard yet that the session is here. A session that is bound
   * anew meanwhile is left alone, since the kick may have come before that.
   */
  restored(sid: number, uid: string, number: number): void {
    this.#restored.add(sid)
    this.#lookLater(sid, uid, number, settledAfter)
  }

  #lookLater(sid: number, uid: string, number: number, ms: number): void {
    const { log, registry, after } = this.#init
    after(ms, () => {
      if (!this.#restored.has(sid)) return
      void log.kickBehind(number, uid).then(kick => {
        const session = registry.find(sid)
        if (session === undefined || !this.#restored.has(sid)) return
        if (kick === undefined) return this.#lookLater(sid, uid, number, againAfter)
        this.#restored.delete(sid)
        if (kick !== null) registry.kick(session, kick.reason)
      })
    })
  }
}
