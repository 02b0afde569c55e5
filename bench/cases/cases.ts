/** All cases, and the search by names. */
import type { Case } from './case.js'
import { clusterCases } from './cluster.js'
import { consoleCases } from './console.js'
import { eventCases } from './events.js'
import { growthCases } from './growth.js'
import { idiomCases } from './idioms.js'
import { latencyCases } from './latency.js'
import { metricsCases } from './metrics.js'
import { pushCases } from './push.js'
import { requestCases } from './requests.js'
import { sessionCases } from './sessions.js'

export const cases: readonly Case[] = [
  ...pushCases,
  ...requestCases,
  ...metricsCases,
  ...consoleCases,
  ...idiomCases,
  ...growthCases,
  ...sessionCases,
  ...latencyCases,
  ...eventCases,
  ...clusterCases
]

/**
 * Returns the cases of those names and groups, each once: `push` finds all whose names begin with `push-`.
 * Without a name returns all.
 */
export function findCases(names: readonly string[]): readonly Case[] {
  if (names.length === 0) return cases
  return cases.filter(each => names.some(name => each.name === name || each.name.startsWith(`${name}-`)))
}

/** Returns the names that `findCases` knows: the groups, then the cases. */
export function caseNames(): string[] {
  const names = cases.map(({ name }) => name)
  const groups = names.map(name => name.split('-')[0]!)
  return [...new Set([...groups.filter((group, i) => groups.indexOf(group) !== i), ...names])]
}
