/** The only global name of a session: the gateway that owns it and the session's number there. */
export interface SessionAddress {
  readonly frontendId: string
  readonly sid: number
}
