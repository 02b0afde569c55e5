/** Settings of a session of this game: the type parameter of its BackendSession. */
export interface PlayerSettings {
  name: string
  since: Date
  motto: string
  score: number
}
