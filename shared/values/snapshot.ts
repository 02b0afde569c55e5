/** A session as plain data: the copy that `export()` returns, safe to keep, to change and to send. */
export interface SessionSnapshot<Settings = unknown> {
  /** The session's number in its gateway. */
  id: number
  /** The name of the gateway that owns the session. */
  frontendId: string
  /** The user that the session is bound to; null if it is bound to none. */
  uid: string | null
  /** The session's keys and values. A session begins without keys, so any of them may be missing. */
  settings: Partial<Settings>
}
