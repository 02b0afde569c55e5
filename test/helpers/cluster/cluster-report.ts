/** What the players of a cluster have done, and what came of it. */
export interface ClusterReport {
  readonly players: number
  readonly requests: number
  readonly replies: number
  readonly errors: Readonly<Record<string, number>>
  readonly marksAnswered: number
  readonly marksFound: number
  readonly eventsSent: number
  readonly eventsCame: number
  readonly cuts: number
  /** Sessions that came back, whole, on the same gateway or another; and those of them from another. */
  readonly resumed: number
  readonly moved: number
  /** Sessions that were lost with their gateway. */
  readonly lost: number
  /** Descriptions of failed checks; only the first ones. */
  readonly faults: readonly string[]
}
