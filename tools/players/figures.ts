/**
 * The figures of a load: counts, and histograms of times. A thread fills them; the tool adds up those of all
 * threads. The histograms are Node's own, of the HDR kind: three significant digits of any time.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Times in microseconds. */
export type Times = RecordableHistogram

/** Something that went wrong, how often, and what the first one said. */
export interface Trouble {
  count: number
  readonly message: string
}

/** A step of players: the requests of one route, the connecting, a wait of a scenario. */
export interface StepFigures {
  /** Of successes, and of what had no answer in time: its time was at least so long. */
  readonly times: Times
  ok: number
  /** Errors by their code. */
  readonly errors: Map<string, Trouble>
}

export interface Figures {
  readonly steps: Map<string, StepFigures>
  /** Failed attempts to connect, and lost connections, by their kind. */
  readonly failures: Map<string, Trouble>
  /** Sockets that have ended for good, by the code of their end. */
  readonly ends: Map<string, Trouble>
  /** Errors of a scenario that are no errors of its steps. */
  readonly faults: Map<string, Trouble>
  /** From the moment when a request was due until it was sent; open loop only. */
  readonly late: Times
  /** Steps in which lives were when the run ended, by their names. */
  readonly waiting: Map<string, Trouble>
  /** Sockets that are open. */
  open: number
  /** Connections that were cut by `--drop-every` or by a scenario. */
  cuts: number
  /** Lost connections after which the session was resumed, and after which it was gone. */
  resumed: number
  sessionsLost: number
  events: number
  /** Completed runs of a scenario. */
  lives: number
  /** Requests that were sent and not answered, or due and not sent, when the load ended. */
  unanswered: number
  unsent: number
  /** Milliseconds for which requests were sent, and requests that succeeded or failed in this time. */
  period: number
  done: number
  /** Share of the time for which the event loop of the thread was busy; of the busiest thread. */
  busy: number
}

/** Longest time that a histogram tells from longer ones: one hour, in microseconds. */
const longest = 3_600_000_000

/** Most names of steps, codes and so on that are counted under their own name; the others share one. */
const mostNames = 100
export const otherName = '(others)'

export function createTimes(): Times {
  return createHistogram({ lowest: 1, highest: longest, figures: 3 })
}

export function createFigures(): Figures {
  return {
    steps: new Map(),
    failures: new Map(),
    ends: new Map(),
    faults: new Map(),
    waiting: new Map(),
    late: createTimes(),
    open: 0,
    cuts: 0,
    resumed: 0,
    sessionsLost: 0,
    events: 0,
    lives: 0,
    unanswered: 0,
    unsent: 0,
    period: 0,
    done: 0,
    busy: 0
  }
}

/** Adds a time to a histogram. */
export function record(times: Times, ms: number): void {
  times.record(Math.min(longest, Math.max(1, Math.round(ms * 1_000))))
}

/** Returns a step by its name. */
export function stepOf({ steps }: Pick<Figures, 'steps'>, name: string): StepFigures {
  const known = steps.get(name)
  if (known !== undefined) return known
  const own = steps.size < mostNames ? name : otherName
  const step = steps.get(own) ?? { times: createTimes(), ok: 0, errors: new Map<string, Trouble>() }
  steps.set(own, step)
  return step
}

/** Counts something that went wrong. */
export function countTrouble(troubles: Map<string, Trouble>, name: string, message: string, count = 1): void {
  const own = troubles.has(name) || troubles.size < mostNames ? name : otherName
  const trouble = troubles.get(own)
  if (trouble === undefined) troubles.set(own, { count, message })
  else trouble.count += count
}

/** Returns the sum of the figures of several threads. */
export function addUp(all: readonly Figures[]): Figures {
  const sum = createFigures()
  for (const each of all) {
    for (const [name, { times, ok, errors }] of each.steps) {
      const step = stepOf(sum, name)
      step.times.add(times)
      step.ok += ok
      addTroubles(step.errors, errors)
    }
    for (const name of ['failures', 'ends', 'faults', 'waiting'] as const) addTroubles(sum[name], each[name])
    sum.late.add(each.late)
    for (const name of counts) sum[name] += each[name]
    sum.period = Math.max(sum.period, each.period)
    sum.busy = Math.max(sum.busy, each.busy)
  }
  return sum
}

const counts = [
  'open',
  'cuts',
  'resumed',
  'sessionsLost',
  'events',
  'lives',
  'unanswered',
  'unsent',
  'done'
] as const

function addTroubles(sum: Map<string, Trouble>, troubles: ReadonlyMap<string, Trouble>): void {
  for (const [name, { count, message }] of troubles) countTrouble(sum, name, message, count)
}
