/** The interface of a work: how a contender is measured. The other files of this folder implement it. */

import type { LoadAnswer } from '../load/load.js'
import type { Child } from '../processes/child.js'
import type { Racer } from '../processes/racer.js'
import { type Usage, workersBetween } from '../readings/usage.js'

/** The load's process; `load/` has its questions. */
export type Load = Child<object, LoadAnswer>

/** Conditions of one measurement. */
export interface Round {
  /** Seconds of the measurement. */
  readonly seconds: number
  /** Seconds before the measurement, which do not count. */
  readonly warmupSeconds: number
  /** Number of connections, in cases about idle connections. */
  readonly connections: number
  /** Started at its first use; the same for all contenders of a case. */
  readonly load: Load
}

export interface Work {
  run(racer: Racer, round: Round): Promise<Measurement>
}

/** Figures of one contender in one round. */
export interface Measurement {
  /** The figure that is compared, in the case's unit. */
  readonly value: number
  /** The figure that would be possible, in the case's unit, if the work calculates it. */
  readonly floor?: number | undefined
  readonly cost?: Cost | undefined
  /** Requests/s, if the work chose the rate. */
  readonly rate?: number | undefined
  /** Latencies in microseconds. */
  readonly p50?: number | undefined
  readonly p99?: number | undefined
  /** p99 in microseconds of how late an open loop sent its requests. */
  readonly lateP99?: number | undefined
  /** Growth of the server's memory: the peak in the second half over that in the first. */
  readonly memoryGrowth?: number | undefined
  /** CPU of the load, as a share of one core. */
  readonly loadCpu?: number | undefined
}

/** Microseconds of a server's process for each operation; of CPU, unless said. */
export interface Cost {
  readonly process: number
  /** Part of the main thread; undefined where the system does not tell. */
  readonly gateway: number | undefined
  /** Part of the handlers' threads. The rest are helper threads of V8. */
  readonly workers: number | undefined
  /** Time for which the main thread was ready to run but had no core. */
  readonly wait: number | undefined
}

/** Returns the work with longer measurements: `times` as long, and so is the warm-up. */
export function longer(times: number, work: Work): Work {
  return {
    run(racer, { seconds, warmupSeconds, connections, load }) {
      return work.run(racer, {
        seconds: seconds * times,
        warmupSeconds: warmupSeconds * times,
        connections,
        load
      })
    }
  }
}

/** Returns the cost of one operation, from two readings with `operations` operations between them. */
export function costOf(operations: number, before: Usage, after: Usage): Cost {
  const each = (micros: number | undefined) => (micros === undefined ? undefined : micros / operations)
  return {
    process: (after.process - before.process) / operations,
    gateway: each(difference(before.mainThread, after.mainThread)),
    workers: each(workersBetween(before, after)),
    wait: each(difference(before.mainThreadWait, after.mainThreadWait))
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}
