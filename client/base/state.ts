/** The states of a client, and what the game is told about them. */

export type ClientState = 'connecting' | 'open' | 'resuming' | 'closed'

/** A change of the client's state. */
export interface StateChange {
  readonly state: ClientState
  /** With `open`: whether the previous session was resumed. If not, the session is new and empty. */
  readonly resumed: boolean
  /**
   * With `open` and `resumed: false`: whether the session is the previous one all the same, restored after a
   * crash of its gateway: with its user, its settings and its channels. Events since are lost.
   */
  readonly restored: boolean
  /** With `resuming` and `closed`: the close code and its reason. */
  readonly code: number | undefined
  readonly reason: string
}

/**
 * Why no connection was made, or why it was lost. `refused`: nothing listens at that address. `unreachable`:
 * the host does not answer. `unknown-host`: its name has no address. `tls`: the certificate is not trusted,
 * or there is no TLS. `http`: a server has answered, but opened no WebSocket. `timeout`: no answer to the
 * handshake in time. `closed`: the connection was closed. `user`: the function `user` failed. `platform`: the
 * WebSocket class threw. `unknown`: the platform does not say why, as in browsers.
 */
export type FailureKind =
  | 'refused'
  | 'unreachable'
  | 'unknown-host'
  | 'tls'
  | 'http'
  | 'timeout'
  | 'closed'
  | 'user'
  | 'platform'
  | 'unknown'

/** The reason why an attempt to connect failed. */
export interface Failure {
  readonly kind: FailureKind
  readonly reason: string
  /** Status of the HTTP response, with the kind `http`. */
  readonly status?: number
  /** The value that the function `user` or the platform threw, or the error of the socket. */
  readonly cause: unknown
}
