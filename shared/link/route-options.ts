/** The options that a route may have, as handlers and their folders declare them. */

/** Options of a route. A handler's own options override those of its folder's `_options` module. */
export interface RouteOptions {
  /**
   * Whether the route's requests skip the session's queue: they start at once and may overlap with other
   * requests of the same session.
   *
   * @defaultValue `false`
   */
  readonly concurrent?: boolean
  /**
   * `'uid'`, or the name of a settings key. Requests of sessions that have the same value there run in the
   * same worker. Requests of sessions without a value run in any worker, as all requests do without this
   * option.
   */
  readonly affinity?: string
  /**
   * Milliseconds until a request is answered with `TIMEOUT`; 0 means never.
   *
   * @defaultValue the gateway's `requestTimeout`
   */
  readonly timeout?: number
  /**
   * Average number of requests a second that one session may make to the route, with a burst of twice as
   * many. Requests beyond it are answered with `RATE_LIMITED`. Without this option there is no limit for the
   * route alone.
   */
  readonly rateLimit?: number
}

/** Whether a handler declares a schema of its body, and of its reply. */
export interface HandlerSchemas {
  readonly body: boolean
  readonly reply: boolean
}
