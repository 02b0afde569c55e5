/** All cases, and the search by name. */
import type { Case } from './case.js'
import { eventCases } from './events.js'
import { growthCases } from './growth.js'
import { idiomCases } from './idioms.js'
import { latencyCases } from './latency.js'
import { pushCases } from './push.js'
import { requestCases } from './requests.js'
import { sessionCases } from './sessions.js'

export const cases: readonly Case[] = [
  ...pushCases,
  ...requestCases,
  ...idiomCases,
  ...growthCases,
  ...sessionCases,
  ...latencyCases,
  ...eventCases
]

/**
 * Returns the cases of that name or group: `push` finds all whose names begin with `push-`. Empty if there
 * are none.
 */
export function findCases(name: string | undefined): readonly Case[] {
  if (name === undefined) return cases
  return cases.filter(each => each.name === name || each.name.startsWith(`${name}-`))
}

/** Returns the names that `findCases` knows: the groups, then the cases. */
export function caseNames(): string[] {
  const names = cases.map(({ name }) => name)
  const groups = names.map(name => name.split('-')[0]!)
  return [...new Set([...groups.filter((group, i) => groups.indexOf(group) !== i), ...names])]
}
