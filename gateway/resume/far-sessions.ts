/** Sessions of other gateways that may be resumed here, as the resumption sees them. */
import type { ResumePoint } from '../../shared/wire/resume.js'
import type { ResumableReceiver } from './resumable-receiver.js'

/** A far session that was asked for: here now, to be asked for again, or not to be had. */
export type Taken =
  | { readonly kind: 'here'; readonly receiver: ResumableReceiver }
  | { readonly kind: 'again'; readonly ms: number }
  | { readonly kind: 'gone' }

export interface FarSessions {
  /** Whether a token may belong to a session of another gateway. */
  mayHave(token: string): boolean
  /** Brings a session here. Never rejects. */
  take(point: ResumePoint, uid: string | null): Promise<Taken>
}
