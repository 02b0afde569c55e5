/**
 * A case of the bench. It names our server, the servers to compare it with in the same run, and the goals.
 */

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
  /** Distinguishes cases of the same name, such as `64 waiting`. */
  readonly detail?: string
  /** Unit of the figure that is compared, such as `requests/s`. */
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly ours: Contender
  /** Comparisons of our server, with their goals. */
  readonly beside: readonly Beside[]
  /**
   * Pushes in each operation of ours that the floor does not do. The report then has the cost of one push.
   */
  readonly pushesPerOperation?: number
}

/** One comparison of our server, with its goals: one row of the report. */
export interface Beside {
  /**
   * The server to compare with, called a floor; or only its name, if our work calculates its figure itself
   * (`Measurement.floor`). undefined: there is no floor.
   */
  readonly floor?: Contender | string
  readonly goals?: readonly Goal[]
}
