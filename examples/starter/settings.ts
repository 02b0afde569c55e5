/** What a player's session holds. */
export interface Settings {
  score: number
}
