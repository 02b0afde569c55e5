/** The plain copy of a session that `export()` gives: safe to keep, to change and to send. */
export interface SessionSnapshot<Settings = unknown> {
  id: number
  frontendId: string
  uid: string | null
  settings: Settings
}
