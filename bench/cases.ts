/** The cases, as rows: what is asked of ours, and of the floor or floors below it, in the same run. */
import type { ReplyCheck } from './load.js'

/** A server under measurement, in a process of its own, and what it is asked for. */
export interface Contender {
  readonly name: string
  /** Its file below the folder of the bench. */
  readonly file: string
  readonly args?: readonly string[]
  /** What a flood asks for and how its answers are checked. */
  readonly route?: string
  readonly check?: ReplyCheck
}

/** What is done to each contender of a case. */
export type Work =
  /** Requests from outside, so many in flight on each of so many sockets. */
  | {
      readonly kind: 'flood'
      readonly sockets: number
      readonly inFlight: number
      readonly bodyBytes: number
      /** Whether p50 and p99 are what the case is about. */
      readonly latency?: boolean
    }
  /** Pushes by one worker, so many waiting for their acks at a time. */
  | { readonly kind: 'stretch'; readonly waiting: number }

export interface Case {
  readonly name: string
  /** What is counted, each second. */
  readonly unit: 'requests/s' | 'pushes/s'
  readonly work: Work
  readonly ours: Contender
  readonly floors: readonly Contender[]
  /** Pushes that ours does in each request and the floor does not: their cost is told. */
  readonly pushesPerRequest?: number
}

const counter: Contender = { name: 'gateway', file: 'gateway', route: 'counter.add', check: 'counted' }
const echo: Contender = { name: 'ws echo', file: 'floors/echo', route: 'counter.add', check: 'ordered' }
const poolRun: Contender = {
  name: 'pool.run per request',
  file: 'floors/pool-run',
  route: 'counter.add',
  // It keeps neither the order of replies nor the counter, but with one request in flight.
  check: 'any'
}

const oneWorker = { name: 'gateway', file: 'gateway', args: ['1'] }

function requests(sockets: number, inFlight: number): Case {
  return {
    name: `requests-${sockets}x${inFlight}`,
    unit: 'requests/s',
    work: { kind: 'flood', sockets, inFlight, bodyBytes: 64, latency: sockets === 1 && inFlight === 1 },
    ours: counter,
    floors: [echo, inFlight === 1 ? { ...poolRun, check: 'counted' } : poolRun]
  }
}

export const cases: readonly Case[] = [
  {
    name: 'push-pipelined',
    unit: 'pushes/s',
    work: { kind: 'stretch', waiting: 64 },
    ours: oneWorker,
    floors: [{ name: 'a message and an ack for each push', file: 'floors/port', args: ['push'] }]
  },
  {
    name: 'push-sequential',
    unit: 'pushes/s',
    work: { kind: 'stretch', waiting: 1 },
    ours: oneWorker,
    floors: [{ name: "the port's round trip", file: 'floors/port', args: ['ping'] }]
  },
  {
    name: 'push-unawaited',
    unit: 'requests/s',
    work: { kind: 'flood', sockets: 50, inFlight: 16, bodyBytes: 64 },
    ours: { ...counter, route: 'push.ten', check: 'ordered' },
    floors: [{ ...counter, name: 'the handler without pushes', route: 'push.none', check: 'ordered' }],
    pushesPerRequest: 10
  },
  requests(50, 16),
  requests(50, 1),
  requests(1, 16),
  requests(1, 1)
]

/** The cases of that name, or of that group: `push` is all whose name begins with `push-`. Empty if there is none. */
export function findCases(name: string | undefined): readonly Case[] {
  if (name === undefined) return cases
  return cases.filter(each => each.name === name || each.name.startsWith(`${name}-`))
}

/** Names that `findCases` knows: the groups, then the cases. */
export function caseNames(): string[] {
  const names = cases.map(({ name }) => name)
  return [...new Set(names.map(name => name.split('-')[0]!)), ...names]
}
