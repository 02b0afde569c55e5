/**
 * The session hooks, which workers run as if they were requests: onConnect, onDrop, onResume and onClose.
 * No client can ask for their routes, since modules whose names begin with `_` offer none.
 */

/** The session hooks, and the routes of those in the handlers' folder itself. */
export const hookRoutes = {
  onConnect: '_hooks.onConnect',
  onDrop: '_hooks.onDrop',
  onResume: '_hooks.onResume',
  onClose: '_hooks.onClose'
} as const

export type SessionHookName = keyof typeof hookRoutes

/** Returns the hook's name in a route such as `match._hooks.onClose`. */
export function hookNameOf(route: string): SessionHookName {
  return route.slice(route.lastIndexOf('.') + 1) as SessionHookName
}

/** Whether a route is that of the hook with this name, of any folder. */
export function isHookRoute(route: string, name: SessionHookName): boolean {
  const root = hookRoutes[name]
  return route.endsWith(root) && (route.length === root.length || route.at(-root.length - 1) === '.')
}

/** Returns the module in the route of a hook, such as `match._hooks`. */
export function hookModuleOf(route: string): string {
  return route.slice(0, route.lastIndexOf('.'))
}

/**
 * Whether a hook runs only in sessions that have a value for the affinity of its folder. Hooks of the
 * handlers' folder itself run in every session.
 */
export function needsAffinityValue(route: string, affinity: string | undefined): affinity is string {
  return affinity !== undefined && hookModuleOf(route) !== '_hooks'
}

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
  /** Whether that session has come from another gateway of the cluster with its client. */
  readonly moved: boolean
  /**
   * Whether that session was restored after a crash of its gateway, from what was kept of it: see the option
   * `replicate`. Then `resumed` is true too.
   */
  readonly restored: boolean
}

/** Describes the loss of a client's connection. Passed to onDrop. */
export interface DropInfo {
  /** Why the connection was lost, such as `'connection lost (1006)'`. */
  readonly reason: string
  /**
   * When the session ends if its client does not come back, by the time of day: milliseconds since 1970. It
   * ends later if `setResumeWindow` makes the wait longer.
   */
  readonly endsAt: number
}

/** Describes the return of a client. Passed to onResume. */
export interface ResumeInfo {
  /** The client's present address; behind a trusted proxy, the address that the proxy reports. */
  readonly address: { readonly ip: string; readonly port: number }
  /** Milliseconds for which the client was away. */
  readonly awayFor: number
}

/**
 * Outcome of an onConnect hook that refuses the session. A hook that accepts the session has an empty
 * outcome.
 */
export interface ConnectRefusal {
  /** The reason that the client is shown. */
  readonly reason: string
}
