/** The result of a load: its figures, as `--json` prints them. */
import { withoutSecrets } from '../../client/base/closing-error.js'
import type { Figures, StepFigures, Times, Trouble } from '../players/figures.js'
import type { LoadPlan } from '../players/plan.js'

/** Milliseconds. Of no times at all, each is null. */
export interface TimesResult {
  readonly count: number
  readonly mean: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly p999: number | null
  readonly max: number | null
}

export interface TroubleResult {
  readonly count: number
  /** What the first one said. */
  readonly message: string
}

export interface StepResult {
  readonly ok: number
  readonly errors: Readonly<Record<string, TroubleResult>>
  /** From the sending, or in an open loop from the moment when it was due, to the reply. */
  readonly times: TimesResult
}

export interface LoadResult {
  readonly url: string
  readonly mode: 'closed-loop' | 'open-loop' | 'scenario'
  /** Seconds for which requests were sent. */
  readonly seconds: number
  /** Whether the load was ended before its time. */
  readonly interrupted: boolean
  /** Requests that got a reply, an error too, within these seconds. */
  readonly requests: number
  readonly requestsPerSecond: number
  /** Steps by their names. `(connect)` and `(resume)` are the connections. */
  readonly steps: Readonly<Record<string, StepResult>>
  readonly unanswered: number
  /** Of an open loop: requests that were due, and not sent. */
  readonly unsent: number
  /** Of an open loop: from the moment when a request was due until it was sent. */
  readonly late: TimesResult | null
  readonly sockets: {
    readonly asked: number
    readonly open: number
    readonly cuts: number
    readonly resumed: number
    readonly sessionsLost: number
    /** Failed attempts to connect and lost connections, by kind. */
    readonly failures: Readonly<Record<string, TroubleResult>>
    /** Connections that have ended for good, by close code. */
    readonly ends: Readonly<Record<string, TroubleResult>>
  }
  readonly events: number
  readonly scenario: {
    readonly lives: number
    /** How many players were in a step when the run ended, by its name. */
    readonly waiting: Readonly<Record<string, number>>
    /** Errors of the scenario itself, by their message, with the stack of the first. */
    readonly faults: Readonly<Record<string, TroubleResult>>
  } | null
  readonly tool: {
    readonly threads: number
    /** CPU seconds in a second: 1 is a whole core. */
    readonly cpu: number
    /** Share of the time for which the event loop of the busiest thread was busy, from 0 to 1. */
    readonly busy: number
    /** Whether the tool itself was the limit, so that the figures say little about the server. */
    readonly isLimit: boolean
  }
}

/** From this share on, a thread of the tool is the limit. */
const busyLimit = 0.9

/** Milliseconds by which 1 % of the requests may be sent too late. */
const lateLimit = 20

export interface ResultInit {
  readonly plan: LoadPlan
  readonly figures: Figures
  readonly interrupted: boolean
  readonly cpu: number
}

export function createResult({ plan, figures, interrupted, cpu }: ResultInit): LoadResult {
  const seconds = figures.period / 1_000
  const late = plan.rate === undefined ? null : timesOf(figures.late)
  const isLimit = figures.busy > busyLimit || (late?.p99 ?? 0) > lateLimit
  const { done, open, cuts, resumed, sessionsLost, unanswered, unsent, events, lives } = figures
  return {
    url: withoutSecrets(plan.url),
    mode: plan.scenario !== undefined ? 'scenario' : plan.rate === undefined ? 'closed-loop' : 'open-loop',
    seconds,
    interrupted,
    requests: done,
    requestsPerSecond: seconds > 0 ? done / seconds : 0,
    steps: mapValues(figures.steps, stepOf),
    unanswered,
    unsent,
    late,
    sockets: {
      asked: plan.sockets,
      open,
      cuts,
      resumed,
      sessionsLost,
      failures: mapValues(figures.failures, troubleOf),
      ends: mapValues(figures.ends, troubleOf)
    },
    events,
    scenario:
      plan.scenario === undefined
        ? null
        : {
            lives,
            waiting: mapValues(figures.waiting, ({ count }) => count),
            faults: mapValues(figures.faults, troubleOf)
          },
    tool: { threads: plan.threads, cpu, busy: figures.busy, isLimit }
  }
}

function stepOf({ ok, errors, times }: StepFigures): StepResult {
  return { ok, errors: mapValues(errors, troubleOf), times: timesOf(times) }
}

function troubleOf({ count, message }: Trouble): TroubleResult {
  return { count, message }
}

/** Returns percentiles in milliseconds. */
export function timesOf(times: Times): TimesResult {
  const { count } = times
  const ms = (microseconds: number) => (count === 0 ? null : microseconds / 1_000)
  return {
    count,
    mean: ms(times.mean),
    p50: ms(times.percentile(50)),
    p90: ms(times.percentile(90)),
    p99: ms(times.percentile(99)),
    p999: ms(times.percentile(99.9)),
    max: ms(times.max)
  }
}

/** Returns a Map as an object. Names from outside become own members, whatever they are. */
function mapValues<From, To>(
  map: ReadonlyMap<string, From>,
  change: (value: From) => To
): Record<string, To> {
  return Object.fromEntries([...map].map(([name, value]) => [name, change(value)]))
}
