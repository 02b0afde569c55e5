/** What a session of this game holds: the type parameter of its BackendSession. */
export interface PlayerSettings {
  name: string
  since: Date
  motto: string
  score: number
}
