/** The other gateways of the cluster, as the console reaches them. A gateway alone has none. */
import type { ClusterDetail } from './api/cluster-answers.js'
import type { SessionDetail, SessionsPage, SessionsQuery } from './api/console-api.js'

/** What a session of another gateway can be asked for, or told. */
export type FarCall =
  | { readonly call: 'session' }
  | { readonly call: 'kick'; readonly reason: string | null }
  | { readonly call: 'unbind' }

/** What came of it. `absent`: no gateway has the session. */
export type FarOutcome =
  | { readonly kind: 'done'; readonly uid: string | null; readonly detail?: SessionDetail | undefined }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'absent'; readonly silent: readonly string[] }

export interface OtherGateways {
  /** Describes the cluster, as this gateway sees it. */
  describe(): ClusterDetail
  /** Searches all others, and returns one page of what they and this gateway have found. */
  search(query: SessionsQuery, own: SessionsPage): Promise<SessionsPage>
  /** Makes a call about a session at the gateway that has it. */
  ask(sid: number, call: FarCall): Promise<FarOutcome>
}
