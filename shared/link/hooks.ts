/**
 * The hooks that the gateway asks workers to run as if they were requests. Their routes are in no table that a client
 * can ask for: no module whose name begins with `_` has any.
 */

export const hookRoutes = { onConnect: '_hooks.onConnect', onClose: '_hooks.onClose' } as const

/** What is known of a client when its session begins, or goes on. */
export interface ConnectInfo {
  readonly address: { readonly ip: string; readonly port: number }
  /** `json`: the text form. */
  readonly protocol: 'json' | 'pomelo'
  /** What a Pomelo client sent as `user` with its handshake: nobody has checked it. */
  readonly user?: unknown
  /** Whether the session is an earlier one, whose client was away and is back. */
  readonly resumed: boolean
}

/** What onConnect's outcome is when it refuses the session; when it does not, it is empty. */
export interface ConnectRefusal {
  /** For the client to read. */
  readonly reason: string
}
