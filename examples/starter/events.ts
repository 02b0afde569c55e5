/** What players are told unasked, by name. */
export type Events = {
  'score.changed': { player: number; score: number }
}
