/**
 * Where the session of an operation is: in this gateway, or in another one. A session keeps its number for
 * life, and moves: the name in its address says only where it once was.
 */
import type { OperationHead } from '../../../shared/link/outbox.js'
import type { Registry } from '../../sessions/registry.js'
import type { PeerRelay } from '../relays/peer-relay.js'
import type { PeerRelays } from '../relays/peer-relays.js'

/**
 * Returns the gateway to which a session has moved; undefined if it is not known to have moved; null if its
 * gateway is there, but can't be reached at the moment.
 */
export type MovedTo = (sid: number) => string | undefined | null

export interface WhereaboutsInit {
  readonly frontendId: string
  readonly registry: Registry
  readonly relays: PeerRelays
  readonly movedTo: MovedTo
}

/**
 * Where the session of an operation is. `undefined`: here, or nowhere. `leaving`: on its way from here.
 * `unknown`: no gateway has the name. `lost`: in a gateway that can't be reached at the moment.
 */
export type Whereabouts = (head: OperationHead) => PeerRelay | undefined | 'leaving' | 'unknown' | 'lost'

/** Returns a function that finds the session of an operation of this gateway. */
export function createWhereabouts({ frontendId, registry, relays, movedTo }: WhereaboutsInit): Whereabouts {
  return head => {
    const { sid } = head
    // The number 0 is that of no session: it stands for a recipient that is excepted.
    if (sid === 0 || registry.find(sid) !== undefined) return undefined
    if (registry.isLeaving(sid)) return 'leaving'
    const moved = movedTo(sid)
    if (moved === null) return 'lost'
    const name = moved ?? head.frontendId
    return name === frontendId ? undefined : (relays.find(name) ?? 'unknown')
  }
}

/** Does the same for operations that another gateway has sent: they only follow a session that has moved. */
export function createForwarding({ frontendId, registry, relays, movedTo }: WhereaboutsInit): Whereabouts {
  return ({ sid }) => {
    if (sid === 0 || registry.find(sid) !== undefined) return undefined
    if (registry.isLeaving(sid)) return 'leaving'
    const name = movedTo(sid)
    if (name === null) return 'lost'
    return name === undefined || name === frontendId ? undefined : (relays.find(name) ?? 'lost')
  }
}
