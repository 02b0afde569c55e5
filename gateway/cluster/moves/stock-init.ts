/** What the stock of a gateway needs of the gateway's other parts. */
import type { SessionHooks } from '../../intake/session-hooks.js'
import type { Resumption } from '../../resume/resumption.js'
import type { Channels } from '../../sessions/channels.js'
import type { Registry } from '../../sessions/registry.js'
import type { RouteTable } from '../../sessions/routes.js'
import type { Cuts } from '../cuts/cuts.js'
import type { MovableSession } from '../items/movable.js'
import type { HeldLanes } from './held-lanes.js'

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
