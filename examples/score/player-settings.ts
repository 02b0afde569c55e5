/** What a session of this game holds. It is the type parameter of its BackendSession. */
export interface PlayerSettings {
  name: string
  since: Date
  motto: string
  score: number
}
