/**
 * An event's frame in one form of the wire: made once, however many are sent it, and kept once, however many
 * backlogs keep it. While at least one does, its bytes count in the budget of all backlogs, and in none of
 * them.
 */

import type { SharedBudget } from '../limits/shared-budget.js'
import { sharedFrameCost } from './frame-cost.js'

/** The forms, as bits of their numbers: the JSON text form has none, of Pomelo's there are several. */
export const frameForms = { text: 0, pomelo: 1, rich: 2, empty: 4, uncounted: 8 } as const

export class EventFrame {
  /** The frame's bytes, each as one character. */
  readonly text: string
  #holders = 0

  constructor(text: string) {
    this.text = text
  }

  /** One more backlog keeps it. */
  retain(budget: SharedBudget): void {
    if (this.#holders++ === 0) budget.change(this.text.length + sharedFrameCost)
  }

  /** A backlog that has kept it does not any more. */
  release(budget: SharedBudget): void {
    if (--this.#holders === 0) budget.change(-this.text.length - sharedFrameCost)
  }
}
