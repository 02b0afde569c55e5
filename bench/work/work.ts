/** What is done to a contender to learn how good it is: the interface of all files beside this one. */

import type { LoadAnswer } from '../load/load.js'
import type { Child } from '../processes/child.js'
import type { Racer } from '../processes/racer.js'
import { type Usage, workersBetween } from '../readings/usage.js'

/** The load's process. What it is asked is told by its files below `load/`. */
export type Load = Child<object, LoadAnswer>

/** One contender's turn in one round. */
export interface Round {
  /** Of the measurement. */
  readonly seconds: number
  /** Before the measurement, and not counted. */
  readonly warmupSeconds: number
  /** How many, where a case is about connections that do nothing. */
  readonly connections: number
  /** Started when it is first asked for; the same for all contenders of a case. */
  readonly load: Load
}

export interface Work {
  run(racer: Racer, round: Round): Promise<Measurement>
}

/** One contender in one round. */
export interface Measurement {
  /** In the case's unit: what is compared. */
  readonly value: number
  /** Where the work itself reckons what would be possible, beside what is: in the case's unit too. */
  readonly floor?: number | undefined
  readonly cost?: Cost | undefined
  /** Requests/s, where that is not the value but what the work itself has chosen. */
  readonly rate?: number | undefined
  /** Microseconds. */
  readonly p50?: number | undefined
  readonly p99?: number | undefined
  /** Microseconds by which the load was late with what it sent. */
  readonly lateP99?: number | undefined
  /** The peak of the server's memory in the second half, over that in the first. */
  readonly memoryGrowth?: number | undefined
  /** The load's CPU, as a share of one core. */
  readonly loadCpu?: number | undefined
}

/** Microseconds of CPU of a server's process for each operation. */
export interface Cost {
  readonly process: number
  /** The first thread's part; undefined where the system does not say. */
  readonly gateway: number | undefined
  /** The part of the threads with the handlers. What remains are V8's helper threads. */
  readonly workers: number | undefined
}

/** What each of so many operations has cost between two looks. */
export function costOf(operations: number, before: Usage, after: Usage): Cost {
  const { mainThread } = before
  const isKnown = mainThread !== undefined && after.mainThread !== undefined
  const workers = workersBetween(before, after)
  return {
    process: (after.process - before.process) / operations,
    gateway: isKnown ? (after.mainThread - mainThread) / operations : undefined,
    workers: workers === undefined ? undefined : workers / operations
  }
}
