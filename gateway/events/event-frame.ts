/**
 * The frame of an event in one form of the wire, shared by all clients that read this form.
 *
 * It is made once for any number of clients, and kept once for any number of backlogs. A backlog keeps
 * messages for a client that may resume. While at least one backlog keeps the frame, its bytes count in the
 * shared budget of all backlogs, and in no single backlog.
 */

import type { SharedBudget } from '../limits/shared-budget.js'
import { sharedFrameCost } from './frame-cost.js'

/** The forms, as bits of a number. The text protocol has one form, 0; Pomelo's protocol has several. */
export const frameForms = { text: 0, pomelo: 1, rich: 2, empty: 4, uncounted: 8 } as const

export class EventFrame {
  /** The frame, as a text of one character for each byte. */
  readonly text: string
  #holders = 0

  constructor(text: string) {
    this.text = text
  }

  /** Counts a backlog that keeps the frame. */
  retain(budget: SharedBudget): void {
    if (this.#holders++ === 0) budget.change(this.text.length + sharedFrameCost)
  }

  /** Stops counting a backlog, because it has dropped the frame. */
  release(budget: SharedBudget): void {
    if (--this.#holders === 0) budget.change(-this.text.length - sharedFrameCost)
  }
}
