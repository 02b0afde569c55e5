/** A case: what is asked of ours and of what stands beside it, in the same run, and what it should come to. */

import type { ServerProgram } from '../processes/racer.js'
import type { Work } from '../work/work.js'
import type { Goal } from './goal.js'

/** A server, in a process of its own, and the work that measures it. */
export interface Contender extends ServerProgram {
  readonly name: string
  readonly work: Work
}

export interface Case {
  readonly name: string
  /** Tells cases of one name apart: `64 waiting`. */
  readonly detail?: string
  /** Of what is compared, e.g. `requests/s`. */
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly ours: Contender
  /** One row each of what is told. */
  readonly beside: readonly Beside[]
  /** Pushes that ours does in each operation and the floor does not: their cost is told. */
  readonly pushesPerOperation?: number
}

/** What ours is compared with, and what it should come to. */
export interface Beside {
  /** A text: what the work of ours reckons itself (`Measurement.floor`). undefined: nothing to compare with. */
  readonly floor?: Contender | string
  readonly goals?: readonly Goal[]
}
