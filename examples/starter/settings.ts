/** Settings of a player's session. */
export interface Settings {
  score: number
}
