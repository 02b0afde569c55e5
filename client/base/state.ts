/** The states of a client, and what the game is told about them. */

export type ClientState = 'connecting' | 'open' | 'resuming' | 'closed'

/** A change of the client's state. */
export interface StateChange {
  readonly state: ClientState
  /** With `open`: whether the previous session was resumed. If not, the session is new and empty. */
  readonly resumed: boolean
  /** With `resuming` and `closed`: the close code and its reason. */
  readonly code: number | undefined
  readonly reason: string
}

/** The reason why an attempt to connect failed. */
export interface Failure {
  readonly reason: string
  /** The value that the function `user` or the platform threw. */
  readonly cause: unknown
}
