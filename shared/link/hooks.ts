/**
 * The session hooks, which workers run as if they were requests: onConnect and onClose.
 * No client can ask for their routes, since modules whose names begin with `_` offer none.
 */

export const hookRoutes = { onConnect: '_hooks.onConnect', onClose: '_hooks.onClose' } as const

/** Describes the client of a session that begins or is resumed. Passed to onConnect. */
export interface ConnectInfo {
  /** The client's address; behind a trusted proxy, the address that the proxy reports. */
  readonly address: { readonly ip: string; readonly port: number }
  /** The client's protocol: `'json'` for JSON text messages, or `'pomelo'`. */
  readonly protocol: 'json' | 'pomelo'
  /** The `user` part of a Pomelo client's handshake. It is unchecked input. */
  readonly user?: unknown
  /** Whether the client has come back to an earlier session. */
  readonly resumed: boolean
}

/**
 * Outcome of an onConnect hook that refuses the session. A hook that accepts the session has an empty
 * outcome.
 */
export interface ConnectRefusal {
  /** The reason that the client is shown. */
  readonly reason: string
}
