/** The only global name of a session: the gateway that owns it and the session's number there. */
export interface SessionAddress {
  readonly frontendId: string
  readonly sid: number
}

/** Stands for a gateway's name: all gateways of the cluster. No gateway may have this name. */
export const allGateways = '*'
