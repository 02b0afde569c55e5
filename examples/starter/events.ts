/** Events that players receive, by name, with the types of their bodies. */
export type Events = {
  'score.changed': { player: number; score: number }
}
