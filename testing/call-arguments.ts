/** The arguments with which a test calls a handler, behind the handler itself. */

export interface CallOptions {
  /** Default: `request`. */
  readonly kind?: 'request' | 'notify'
}

/** The body, which may be left out if the handler needs none, and options. */
export type CallArguments<Body> = undefined extends Body
  ? [body?: Body, options?: CallOptions]
  : [body: Body, options?: CallOptions]
