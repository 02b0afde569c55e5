/** Sessions of other gateways that may be resumed here, as the resumption sees them. */
import type { ResumePoint } from '../../shared/wire/resume.js'
import type { Farewell } from './farewells.js'

/** A far session that was asked for: here now, to be asked for again, ended on purpose, or not to be had. */
export type Taken =
  | { readonly kind: 'here' }
  | { readonly kind: 'again'; readonly ms: number }
  | { readonly kind: 'ended'; readonly farewell: Farewell }
  | { readonly kind: 'gone' }

export interface FarSessions {
  /** Whether a token may belong to a session of another gateway. */
  mayHave(token: string): boolean
  /** Brings a session here. Never rejects. */
  take(point: ResumePoint, uid: string | null): Promise<Taken>
}
