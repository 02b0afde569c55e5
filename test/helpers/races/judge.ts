/**
 * The judge of a race: reads the records of all processes on one clock.
 *
 * A user is bound twice if two sessions have them at one moment, each within the lease of its process. Rounds
 * without a fault nearby are also judged by their winners: `reject` has exactly one, or none if somebody held
 * the user; `kick` has exactly one survivor.
 */
import type { RaceEvent } from './record.js'

export interface RacePlan {
  readonly mode: 'reject' | 'kick'
  /** The time of the first round, and milliseconds from one to the next. */
  readonly begin: number
  readonly interval: number
  readonly rounds: number
  readonly users: number
  readonly leaseTtl: number
}

/** Milliseconds after its begin in which a round is decided, and after which its sessions may end. */
export const decidedAfter = 350
export const heldFor = 450

export function userOf(plan: Pick<RacePlan, 'users'>, round: number): string {
  return `user-${round % plan.users}`
}

/** A time in which something was killed, stopped or cut off. */
export interface FaultTime {
  readonly from: number
  readonly to: number
}

export interface Verdict {
  /** Rounds that some process has taken part in. */
  readonly rounds: number
  readonly tries: number
  readonly bound: number
  readonly refused: number
  readonly unavailable: number
  /** Rounds whose winners were judged, since no fault was near and all processes answered in time. */
  readonly judgedRounds: number
  readonly doubles: readonly string[]
  readonly wrongRounds: readonly string[]
}

/** A session's time with its user. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly sid: number
  readonly owner: number
}

export function judge(
  plan: RacePlan,
  records: readonly (readonly RaceEvent[])[],
  faults: readonly FaultTime[]
): Verdict {
  const spans = new Map<string, Span[]>()
  const all = new Map<string, Span[]>()
  for (const [owner, events] of records.entries()) {
    const leases = readLeases(events)
    for (const [uid, span] of readSpans(events, owner)) {
      add(all, uid, span)
      for (const lease of leases) {
        const [from, to] = [Math.max(span.from, lease.from), Math.min(span.to, lease.to)]
        if (from < to) add(spans, uid, { ...span, from, to })
      }
    }
  }
  const outcomes = records.flatMap(events => events.filter(({ kind }) => kind === 'outcome'))
  const hows = outcomes.map(event => (event as Extract<RaceEvent, { kind: 'outcome' }>).how)
  const rounds = judgeRounds(plan, records, faults, all, spans)
  return {
    rounds: new Set(outcomes.map(event => (event as { round: number }).round)).size,
    tries: hows.length,
    bound: hows.filter(how => how === 'bound').length,
    refused: hows.filter(how => how === 'SINGLE_SESSION').length,
    unavailable: hows.filter(how => how === 'CLUSTER_UNAVAILABLE').length,
    judgedRounds: rounds.judged,
    doubles: findDoubles(spans),
    wrongRounds: rounds.wrong
  }
}

/** Returns the times in which a process had its lease, as it believed at each moment. */
function readLeases(events: readonly RaceEvent[]): { from: number; to: number }[] {
  const leases = events.filter(event => event.kind === 'lease')
  return leases.map(({ at, until }, index) => ({
    from: at,
    to: Math.min(until, leases[index + 1]?.at ?? Number.POSITIVE_INFINITY)
  }))
}

/** Returns the times in which each user had a session. */
export function* readSpans(events: readonly RaceEvent[], owner: number): Generator<[string, Span]> {
  const open = new Map<number, { readonly at: number; readonly uid: string }>()
  for (const event of events) {
    if (event.kind === 'bound') open.set(event.sid, event)
    if (event.kind !== 'end') continue
    const begun = open.get(event.sid)
    open.delete(event.sid)
    if (begun !== undefined) yield [begun.uid, { from: begun.at, to: event.at, sid: event.sid, owner }]
  }
  for (const [sid, { at, uid }] of open) yield [uid, { from: at, to: Number.POSITIVE_INFINITY, sid, owner }]
}

/** Returns which users had two sessions at one moment. */
export function findDoubles(byUser: ReadonlyMap<string, readonly Span[]>): string[] {
  const doubles = new Map<string, string>()
  for (const [uid, spans] of byUser) {
    const sorted = spans.toSorted((one, other) => one.from - other.from)
    for (const [index, one] of sorted.entries())
      for (let next = index + 1; next < sorted.length; next++) {
        const other = sorted[next]!
        if (other.from >= one.to) break
        if (other.sid === one.sid) continue
        const ms = Math.min(one.to, other.to) - other.from
        const at = other.from.toFixed(1)
        const pair = `${Math.min(one.sid, other.sid)} ${Math.max(one.sid, other.sid)}`
        if (!doubles.has(pair))
          doubles.set(pair, `${uid}: ${one.sid} and ${other.sid} at ${at}, for ${ms.toFixed(1)} ms`)
      }
  }
  return [...doubles.values()]
}

function judgeRounds(
  plan: RacePlan,
  records: readonly (readonly RaceEvent[])[],
  faults: readonly FaultTime[],
  sessions: ReadonlyMap<string, readonly Span[]>,
  leased: ReadonlyMap<string, readonly Span[]>
): { judged: number; wrong: string[] } {
  const answers = new Map<number, { how: string; at: number }[]>()
  for (const events of records)
    for (const event of events) if (event.kind === 'outcome') add(answers, event.round, event)
  const wrong: string[] = []
  let judged = 0
  for (const [round, hows] of answers) {
    if (round < 0) continue
    const begin = plan.begin + round * plan.interval
    const end = begin + decidedAfter
    const near = (from: number, to: number) => faults.some(fault => fault.from < to && fault.to > from)
    if (near(begin - 3 * plan.leaseTtl, begin + heldFor)) continue
    if (hows.some(({ how, at }) => at > end || how === 'CLUSTER_UNAVAILABLE')) continue
    const ofUser = sessions.get(userOf(plan, round)) ?? []
    const before = ofUser.filter(({ from, to }) => from < begin && to > begin)
    // Who has lost their lease, as a starved process does, may lose their users without a fault.
    const hasLease = ({ sid, to }: Span) =>
      (leased.get(userOf(plan, round)) ?? []).some(
        span => span.sid === sid && span.from <= begin && span.to >= Math.min(end, to)
      )
    if (plan.mode === 'reject') {
      if (!before.every(hasLease)) continue
      if (before.some(({ to }) => to < end)) continue
      const winners = hows.filter(({ how }) => how === 'bound').length
      judged++
      if (winners !== (before.length > 0 ? 0 : 1))
        wrong.push(`round ${round}: ${winners} winners, ${before.length} held before`)
    } else {
      const left = ofUser.filter(({ from, to }) => from < end && to > end)
      judged++
      if (left.length !== 1) wrong.push(`round ${round}: ${left.length} survivors`)
    }
  }
  return { judged, wrong }
}

function add<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
